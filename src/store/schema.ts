/**
 * The tables, in types that SQLite and PostgreSQL share: text, bigint (whole numbers; here within 2^53), double
 * precision, and 0 or 1 for truth. Times are milliseconds since the epoch. A dialect must give bigints as numbers.
 */
export interface StoreSchema {
  ledger: LedgerTable;
}

export interface LedgerTable {
  request_id: string;
  started_at: number;
  key_name: string | null;
  tenant: string | null;
  dialect: string;
  operation: string | null;
  requested_model: string | null;
  answering_model: string | null;
  privacy: string;
  priority: string | null;
  /** A JSON array of sentences. */
  route_reasons: string;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  /** Null where everything fitted the context. */
  overflow_policy: string | null;
  omitted_tokens: number | null;
  omitted_messages: number | null;
  is_measured: 0 | 1;
  queue_ms: number | null;
  prefill_ms: number | null;
  decode_ms: number | null;
  first_token_ms: number | null;
  total_ms: number;
  finish: string;
  status: number;
  answer_source: string;
  /** 0 also where it is not known. */
  cost_micros: number;
  is_cost_known: 0 | 1;
  /** Null: this machine. */
  upstream: string | null;
  cache_write_tokens: number;
  /** Null: not known, or this machine's. */
  uncached_cost_micros: number | null;
  currency: string;
  prompt_family: string | null;
  /** A line of JSON; see `ledger/prefix-text.ts`. */
  prompt_prefix: string | null;
}
