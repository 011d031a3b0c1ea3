import type { LedgerTable } from '../store/schema.ts';
import { fromPrefixText, toPrefixText } from './prefix-text.ts';
import { fromRouteColumns, toRouteColumns } from './route-columns.ts';
import type { LedgerRow } from './row.ts';

/** A row as the store keeps it. */
export function toTable(row: LedgerRow): LedgerTable {
  return {
    request_id: row.requestId,
    started_at: row.startedAt,
    key_name: row.keyName,
    tenant: row.tenant,
    dialect: row.dialect,
    operation: row.operation,
    requested_model: storable(row.requestedModel),
    answering_model: storable(row.answeringModel),
    privacy: row.privacy,
    priority: row.priority,
    route_reasons: JSON.stringify(row.routeReasons),
    ...toRouteColumns(row.route),
    prompt_tokens: row.promptTokenCount,
    cached_tokens: row.cachedTokenCount,
    completion_tokens: row.completionTokenCount,
    overflow_policy: row.overflow?.policy ?? null,
    omitted_tokens: row.overflow?.omittedTokenCount ?? null,
    omitted_messages: row.overflow?.omittedMessageCount ?? null,
    is_measured: row.isMeasured ? 1 : 0,
    queue_ms: row.queueMs,
    prefill_ms: row.prefillMs,
    decode_ms: row.decodeMs,
    first_token_ms: row.firstTokenMs,
    total_ms: row.totalMs,
    finish: row.finish,
    status: row.status,
    answer_source: row.answerSource,
    cost_micros: row.costMicros ?? 0,
    is_cost_known: row.costMicros === null ? 0 : 1,
    upstream: row.upstream ?? null,
    cache_write_tokens: row.cacheWriteTokenCount ?? 0,
    uncached_cost_micros: row.uncachedCostMicros ?? null,
    currency: row.currency,
    prompt_family: row.prefix?.family ?? null,
    prompt_prefix: row.prefix === undefined ? null : toPrefixText(row.prefix),
    charged_micros: row.chargedMicros ?? null,
    check_micros: row.checkMicros ?? null,
    purpose: row.purpose ?? null,
    cascade_tokens: row.cascade?.tokenCount ?? null,
    cascade_ms: row.cascade === undefined ? null : Math.round(row.cascade.ms),
    cascade_escalated: row.cascade === undefined ? null : row.cascade.isEscalated ? 1 : 0,
  };
}

/** PostgreSQL has no text with the character 0, and clients choose the names of models. */
function storable(name: string | null): string | null {
  return name === null ? null : name.replaceAll('\0', '\uFFFD');
}

/** The store's row as the program sees it; the inverse of `toTable`. */
export function fromTable(row: LedgerTable): LedgerRow {
  return {
    requestId: row.request_id,
    startedAt: row.started_at,
    keyName: row.key_name,
    tenant: row.tenant,
    dialect: row.dialect as LedgerRow['dialect'],
    operation: row.operation as LedgerRow['operation'],
    requestedModel: row.requested_model,
    answeringModel: row.answering_model,
    privacy: row.privacy as LedgerRow['privacy'],
    priority: row.priority as LedgerRow['priority'],
    routeReasons: JSON.parse(row.route_reasons) as readonly string[],
    ...fromRouteColumns(row),
    promptTokenCount: row.prompt_tokens,
    cachedTokenCount: row.cached_tokens,
    completionTokenCount: row.completion_tokens,
    ...overflowOf(row),
    isMeasured: row.is_measured === 1,
    queueMs: row.queue_ms,
    prefillMs: row.prefill_ms,
    decodeMs: row.decode_ms,
    firstTokenMs: row.first_token_ms,
    totalMs: row.total_ms,
    finish: row.finish as LedgerRow['finish'],
    status: row.status,
    answerSource: row.answer_source as LedgerRow['answerSource'],
    costMicros: row.is_cost_known === 0 ? null : row.cost_micros,
    ...(row.upstream === null ? {} : { upstream: row.upstream }),
    ...(row.cache_write_tokens > 0 ? { cacheWriteTokenCount: row.cache_write_tokens } : {}),
    ...(row.uncached_cost_micros === null ? {} : { uncachedCostMicros: row.uncached_cost_micros }),
    currency: row.currency,
    ...prefixOf(row),
    ...(row.charged_micros === null ? {} : { chargedMicros: row.charged_micros }),
    ...(row.check_micros === null ? {} : { checkMicros: row.check_micros }),
    ...cascadeOf(row),
    ...(row.purpose === null ? {} : { purpose: row.purpose as NonNullable<LedgerRow['purpose']> }),
  };
}

function prefixOf(row: LedgerTable): Pick<LedgerRow, 'prefix'> {
  if (row.prompt_family === null || row.prompt_prefix === null) return {};
  return { prefix: fromPrefixText(row.prompt_family, row.prompt_prefix) };
}

/** Which model and why stand in the sentences of `routeReasons`. */
function cascadeOf(row: LedgerTable): Pick<LedgerRow, 'cascade'> {
  if (row.cascade_tokens === null || row.cascade_escalated === null) return {};
  return {
    cascade: {
      tokenCount: row.cascade_tokens,
      ms: row.cascade_ms ?? 0,
      isEscalated: row.cascade_escalated === 1,
    },
  };
}

function overflowOf(row: LedgerTable): Pick<LedgerRow, 'overflow'> {
  if (row.overflow_policy === null) return {};
  return {
    overflow: {
      policy: row.overflow_policy as NonNullable<LedgerRow['overflow']>['policy'],
      omittedTokenCount: row.omitted_tokens ?? 0,
      omittedMessageCount: row.omitted_messages ?? 0,
    },
  };
}
