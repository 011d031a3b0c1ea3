import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Store } from '../store/store.ts';
import type { LedgerTable, StoreSchema } from '../store/schema.ts';
import type { LedgerRow } from './row.ts';
import { toTable } from './table.ts';

/**
 * What costs can be told apart by. A route is the name that was asked for and the model that it led to; a tier is one that the
 * router chose.
 */
export const costDimensions = [
  'model',
  'key',
  'tenant',
  'upstream',
  'day',
  'route',
  'operation',
  'tier',
] as const;
export type CostDimension = (typeof costDimensions)[number];

export interface CostQuestion {
  /** Milliseconds since the epoch; `to` is not included. */
  readonly from: number;
  readonly to: number;
  readonly by: readonly CostDimension[];
  /** Prompts above so many tokens are told apart for each; null: they are all alike. */
  readonly longPromptsAbove: readonly (number | null)[];
}

/** Token sums of requests with long prompts; those of the others are what is left. */
export interface LongPrompts {
  readonly requestCount: number;
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
  readonly completionTokenCount: number;
}

/** Sums over requests that are alike in all that the report tells apart. */
export interface CostCell extends LongPrompts {
  /** In the order of the question's dimensions; null: none, such as requests that reached no model. */
  readonly labels: readonly (string | null)[];
  /** Whose model answered, or was to; `none`: the request led to no model. */
  readonly place: 'near' | 'upstream' | 'none';
  readonly answerSource: string;
  /**
   * Whether another model can be priced for them: `compared`; `untold` where they broke off before their prompt was
   * counted; `none` where nothing was written (embeddings, refusals).
   */
  readonly comparison: 'compared' | 'untold' | 'none';
  readonly failedCount: number;
  readonly cacheWriteTokenCount: number;
  /** Of those whose cost is known. */
  readonly costMicros: number;
  readonly unknownCostCount: number;
  /** Of the known ones, those that broke off: their cost is a lower bound. */
  readonly lowerBoundCount: number;
  readonly lowerBoundMicros: number;
  /** What is known twice: the cost, and what it would have been without any provider's cache. */
  readonly uncachedCount: number;
  readonly uncachedMicros: number;
  readonly uncachedCostMicros: number;
  /** Requests that read from a provider's cache or wrote into it, */
  readonly cacheUseCount: number;
  /** and of them those of which it is not known what that saved. */
  readonly unknownCacheUseCount: number;
  /** Requests that the semantic cache had an answer for, and that a model was asked all the same to check it, */
  readonly checkCount: number;
  /** and what they cost, as far as that is known. */
  readonly checkMicros: number;
  /** By `longPromptsAbove`. */
  readonly longPrompts: readonly LongPrompts[];
}

/** Of one day: UTC, as providers bill. */
const dayMs = 86_400_000;
const rowsPerWrite = 200;

/**
 * Sums up the ledger in the database, by statements that SQLite and PostgreSQL share.
 * @param waiting rows that may not be in the store yet, as the journal has them; those that are there count once
 */
export async function readCostCells(
  { db }: Pick<Store, 'db'>,
  question: CostQuestion,
  waiting: readonly LedgerRow[] = [],
): Promise<readonly CostCell[]> {
  // One connection: the rows that wait lie in a table that only it sees.
  return db.connection().execute(async (connection) => {
    if (waiting.length === 0) return sumUp(connection, question, sql`ledger`);
    await sql`create temporary table ledger_waiting as select * from ledger where 1 = 0`.execute(connection);
    try {
      const own = connection.$extendTables<{ ledger_waiting: LedgerTable }>();
      for (let at = 0; at < waiting.length; at += rowsPerWrite) {
        await own
          .insertInto('ledger_waiting')
          .values(waiting.slice(at, at + rowsPerWrite).map(toTable))
          .execute();
      }
      // Within one statement, so that a row which enters the ledger meanwhile is seen in one place exactly.
      const both = sql`(select * from ledger union all
        select * from ledger_waiting where request_id not in (select request_id from ledger)) as ledger`;
      return await sumUp(connection, question, both);
    } finally {
      await sql`drop table ledger_waiting`.execute(connection);
    }
  });
}

async function sumUp(
  db: Kysely<StoreSchema>,
  { from, to, by, longPromptsAbove }: CostQuestion,
  source: RawBuilder<unknown>,
): Promise<readonly CostCell[]> {
  const labels = by.flatMap((dimension) => labelColumns[dimension]);
  const named = labels.map((label, index) => sql`${label} as ${sql.ref(`label_${index}`)}`);
  const groups = [
    ...labels.map((_, index) => sql.ref(`label_${index}`)),
    ...['place', 'source', 'comparison'].map((name) => sql.ref(name)),
  ];
  const sums = longPromptsAbove.flatMap((above, index) =>
    above === null ? [] : longSums(above).map((sum, at) => sql`${sum} as ${sql.ref(`long_${index}_${at}`)}`),
  );
  const known = sql`is_cost_known = 1 and currency = 'USD'`;
  const twice = sql`uncached_cost_micros is not null and ${known}`;
  const usesCache = sql`upstream is not null and (cached_tokens > 0 or cache_write_tokens > 0)`;
  const count = (condition: RawBuilder<unknown>) => sql`sum(case when ${condition} then 1 else 0 end)`;
  const sum = (value: RawBuilder<unknown>, condition: RawBuilder<unknown>) =>
    sql`sum(case when ${condition} then ${value} else 0 end)`;
  const cost = sql`cost_micros`;
  const isCheck = sql`check_micros is not null`;
  const broken = sql`${known} and is_measured = 0 and cost_micros > 0`;
  const { rows } = await sql<CellRow>`
    select ${sql.join([...groups])},
      count(*) as requests,
      ${count(sql`status >= 400`)} as failed,
      sum(prompt_tokens) as prompt, sum(cached_tokens) as cached,
      sum(cache_write_tokens) as written, sum(completion_tokens) as completion,
      ${sum(cost, known)} as cost,
      ${count(known)} as known,
      ${count(broken)} as broken, ${sum(cost, broken)} as broken_cost,
      ${count(twice)} as twice, ${sum(cost, twice)} as twice_cost,
      ${sum(sql`uncached_cost_micros`, twice)} as uncached,
      ${count(isCheck)} as checks, ${sum(cost, sql`${isCheck} and ${known}`)} as checks_cost,
      ${count(usesCache)} as cache_uses, ${count(sql`${usesCache} and ${twice}`)} as known_cache_uses
      ${sums.length === 0 ? sql`` : sql`, ${sql.join(sums)}`}
    from (
      select ledger.*, answer_source as source,
        ${placeColumn} as place, ${comparisonColumn} as comparison
        ${named.length === 0 ? sql`` : sql`, ${sql.join(named)}`}
      from ${source}
      where started_at >= ${from} and started_at < ${to} and purpose is null
    ) as request
    group by ${sql.join([...groups])}`.execute(db);
  return rows.map((row) => cellOf(row, by, longPromptsAbove));
}

const labelColumns: Readonly<Record<CostDimension, readonly RawBuilder<unknown>[]>> = {
  model: [sql`answering_model`],
  key: [sql`key_name`],
  tenant: [sql`tenant`],
  upstream: [sql`upstream`],
  // Whole numbers divide to whole numbers in both.
  day: [sql`started_at / ${sql.lit(dayMs)}`],
  route: [sql`requested_model`, sql`answering_model`],
  operation: [sql`operation`],
  // Where routing was only observed no tier was chosen.
  tier: [sql`case when observed_tier is null then tier end`],
};

const placeColumn = sql`case
  when upstream is not null then 'upstream'
  when answering_model is null then 'none'
  else 'near' end`;
const comparisonColumn = sql`case
  when operation is null or operation not in ('chat', 'text_completion') then 'none'
  when is_measured = 0 and prompt_tokens = 0 then 'untold'
  when prompt_tokens = 0 and completion_tokens = 0 then 'none'
  else 'compared' end`;

function longSums(above: number): readonly RawBuilder<unknown>[] {
  const isLong = sql`prompt_tokens > ${sql.lit(above)}`;
  return [sql`1`, sql`prompt_tokens`, sql`cached_tokens`, sql`completion_tokens`].map(
    (value) => sql`sum(case when ${isLong} then ${value} else 0 end)`,
  );
}

/** PostgreSQL gives sums of whole numbers as strings. */
type Sum = number | string;
interface CellRow extends Readonly<Record<string, Sum | null>> {
  readonly place: string;
  readonly source: string;
  readonly comparison: string;
}

function cellOf(
  row: CellRow,
  by: readonly CostDimension[],
  longPromptsAbove: readonly (number | null)[],
): CostCell {
  const value = (name: string): number => Number(row[name] ?? 0);
  let column = 0;
  const labels = by.map((dimension) => {
    const values = labelColumns[dimension].map(() => row[`label_${column++}`] ?? null);
    return labelOf(dimension, values);
  });
  return {
    labels,
    place: row.place as CostCell['place'],
    answerSource: row.source,
    comparison: row.comparison as CostCell['comparison'],
    requestCount: value('requests'),
    failedCount: value('failed'),
    promptTokenCount: value('prompt'),
    cachedTokenCount: value('cached'),
    cacheWriteTokenCount: value('written'),
    completionTokenCount: value('completion'),
    costMicros: value('cost'),
    unknownCostCount: value('requests') - value('known'),
    lowerBoundCount: value('broken'),
    lowerBoundMicros: value('broken_cost'),
    uncachedCount: value('twice'),
    uncachedMicros: value('uncached'),
    uncachedCostMicros: value('twice_cost'),
    cacheUseCount: value('cache_uses'),
    unknownCacheUseCount: value('cache_uses') - value('known_cache_uses'),
    checkCount: value('checks'),
    checkMicros: value('checks_cost'),
    longPrompts: longPromptsAbove.map((_, index) => ({
      requestCount: value(`long_${index}_0`),
      promptTokenCount: value(`long_${index}_1`),
      cachedTokenCount: value(`long_${index}_2`),
      completionTokenCount: value(`long_${index}_3`),
    })),
  };
}

function labelOf(dimension: CostDimension, values: readonly (Sum | null)[]): string | null {
  const [first = null, second = null] = values;
  if (dimension === 'route') return first === null ? null : `${first} -> ${second ?? 'no model'}`;
  if (first === null) return null;
  if (dimension === 'day') return new Date(Number(first) * dayMs).toISOString().slice(0, 10);
  return String(first);
}
