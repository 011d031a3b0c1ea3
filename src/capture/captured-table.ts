import type { Kysely } from 'kysely';
import type { CapturedExchange } from './exchange.ts';

/** The table of prompts and answers. */

export interface CapturedTable {
  request_id: string;
  started_at: number;
  key_name: string | null;
  tenant: string | null;
  dialect: string;
  operation: string;
  requested_model: string | null;
  answering_model: string | null;
  upstream: string | null;
  answer_source: string;
  status: number;
  finish: string;
  prompt: string;
  answer: string;
  byte_count: number;
  /** What the caller said of the answer; null: nothing. */
  comment: string | null;
}

export interface CapturedSchema {
  captured: CapturedTable;
}

/** All but the texts. */
export const summaryColumns = [
  'request_id',
  'started_at',
  'key_name',
  'tenant',
  'dialect',
  'operation',
  'requested_model',
  'answering_model',
  'upstream',
  'answer_source',
  'status',
  'finish',
  'byte_count',
] as const;

export async function makeTable(db: Kysely<CapturedSchema>): Promise<void> {
  await db.schema
    .createTable('captured')
    .ifNotExists()
    .addColumn('request_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('key_name', 'text')
    .addColumn('tenant', 'text')
    .addColumn('dialect', 'text', (column) => column.notNull())
    .addColumn('operation', 'text', (column) => column.notNull())
    .addColumn('requested_model', 'text')
    .addColumn('answering_model', 'text')
    .addColumn('upstream', 'text')
    .addColumn('answer_source', 'text', (column) => column.notNull())
    .addColumn('status', 'integer', (column) => column.notNull())
    .addColumn('finish', 'text', (column) => column.notNull())
    .addColumn('byte_count', 'bigint', (column) => column.notNull())
    // Last: what stands before them is read without them.
    .addColumn('prompt', 'text', (column) => column.notNull())
    .addColumn('answer', 'text', (column) => column.notNull())
    .execute();
  const tables = await db.introspection.getTables();
  const columns = tables.find(({ name }) => name === 'captured')?.columns ?? [];
  if (!columns.some(({ name }) => name === 'comment')) {
    await db.schema.alterTable('captured').addColumn('comment', 'text').execute();
  }
  await db.schema
    .createIndex('captured_started_at')
    .ifNotExists()
    .on('captured')
    .columns(['started_at', 'byte_count'])
    .execute();
}

export function toTable(exchange: CapturedExchange): CapturedTable {
  const prompt = JSON.stringify(exchange.prompt ?? null);
  const answer = JSON.stringify(exchange.answer ?? null);
  return {
    request_id: exchange.requestId,
    started_at: exchange.startedAt,
    key_name: exchange.keyName,
    tenant: exchange.tenant,
    dialect: exchange.dialect,
    operation: exchange.operation,
    requested_model: exchange.requestedModel,
    answering_model: exchange.answeringModel,
    upstream: exchange.upstream,
    answer_source: exchange.answerSource,
    status: exchange.status,
    finish: exchange.finish,
    prompt,
    answer,
    byte_count: Buffer.byteLength(prompt) + Buffer.byteLength(answer),
    comment: null,
  };
}

export function headOf(
  row: Omit<CapturedTable, 'prompt' | 'answer' | 'comment'>,
): Omit<CapturedExchange, 'prompt' | 'answer' | 'comment'> {
  return {
    requestId: row.request_id,
    startedAt: row.started_at,
    keyName: row.key_name,
    tenant: row.tenant,
    dialect: row.dialect,
    operation: row.operation,
    requestedModel: row.requested_model,
    answeringModel: row.answering_model,
    upstream: row.upstream,
    answerSource: row.answer_source,
    status: row.status,
    finish: row.finish,
  };
}
