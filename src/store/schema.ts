/**
 * The tables, in types that SQLite and PostgreSQL share: text, bigint (whole numbers; here within 2^53), double
 * precision, and 0 or 1 for truth. Times are milliseconds since the epoch. A dialect must give bigints as numbers.
 */
export interface StoreSchema {
  ledger: LedgerTable;
  access_key: AccessKeyTable;
  change_count: ChangeCountTable;
  budget_period: BudgetPeriodTable;
  reservation: ReservationTable;
  responses: ResponsesTable;
  privacy_audit: PrivacyAuditTable;
  tainted_session: TaintedSessionTable;
  faded_sessions: FadedSessionsTable;
  shared_secret: SharedSecretTable;
  judged: JudgedTable;
  feedback: FeedbackTable;
  kept_answer: KeptAnswerTable;
}

/** Keys of hashes that gateways on one database have in common. */
export interface SharedSecretTable {
  name: string;
  /** Base64 of 32 random bytes. */
  secret: string;
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
  /** Null, with all that follow: no router was asked, or no tier answered. */
  tier: string | null;
  policy: string | null;
  difficulty: number | null;
  task: string | null;
  /** A JSON array of [tier, model, millionths or null]: what each tier was expected to cost. */
  tier_costs: string | null;
  observed_tier: string | null;
  observed_model: string | null;
  /** Null also where it is not known. */
  observed_micros: number | null;
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
  /** What counts for the budgets of the key where that is not the cost; null where it is. */
  charged_micros: number | null;
  /** What a check of the semantic cache counts for the budget of checks; null: it was none. */
  check_micros: number | null;
  /** Why nearfar itself asked; null: a client did. */
  purpose: string | null;
  /** Null, with the two that follow: no cascade judged a near model's beginning. */
  cascade_tokens: number | null;
  cascade_ms: number | null;
  cascade_escalated: 0 | 1 | null;
}

export interface AccessKeyTable {
  id: string;
  /** Unique among the keys that are not revoked. */
  name: string;
  tenant: string;
  /** SHA-256 in hexadecimal. */
  secret_hash: string;
  /** A JSON array. */
  scopes: string;
  /** A JSON array of patterns; null: all. */
  models: string | null;
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  day_micros: number | null;
  month_micros: number | null;
  is_local_only: 0 | 1;
  /** How what is found in its requests is handled; null: as the settings say. */
  privacy_mode: string | null;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

/** Counts the changes of what processes keep in memory. */
export interface ChangeCountTable {
  name: string;
  value: number;
}

/** What a key has spent and set aside in one day or month; the first is the sum of its rows in the ledger. */
export interface BudgetPeriodTable {
  key_name: string;
  unit: 'day' | 'month';
  starts_at: number;
  spent_micros: number;
  reserved_micros: number;
}

/** Money that a request under way may cost at most. */
export interface ReservationTable {
  request_id: string;
  key_name: string;
  day_starts_at: number;
  month_starts_at: number;
  amount_micros: number;
  made_at: number;
  /** HOST.PID of the process that serves the request. */
  process: string;
}

/** Answers that several gateways give again. Only in PostgreSQL is anything in it. */
export interface KeptAnswerTable {
  /** SHA-256 of all that changes the answer, tenant and label among it. */
  key: string;
  tenant: string;
  /** Of the request that it was made for. */
  request_id: string;
  made_at: number;
  byte_count: number;
  /** A line of JSON; see `cache/answer-text.ts`. */
  answer: string;
}

/** Responses of /v1/responses that may be asked for again, with their prompts. */
export interface ResponsesTable {
  id: string;
  tenant: string;
  created_at: number;
  /** When it was last gone on from. */
  used_at: number;
  previous_id: string | null;
  /** A JSON array of items. */
  input: string;
  /** JSON, as the client got it. */
  response: string;
  /** Of both texts. */
  byte_count: number;
}

/** One decision about what may leave; the request's other facts are in the ledger. Nothing of its text. */
export interface PrivacyAuditTable {
  request_id: string;
  decided_at: number;
  key_name: string | null;
  tenant: string | null;
  requested_model: string | null;
  label: string;
  mode: string;
  /** A JSON array of codes. */
  reasons: string;
  /** A JSON array of codes. */
  detectors: string;
  /** `machine`, `inside`, `outside`, or `nowhere`. */
  went: string;
  model: string | null;
  status: number;
}

/** Sessions that must stay, by keyed hashes. */
export interface TaintedSessionTable {
  hash: string;
  taint: string;
  /** Counts up with each write, so that the oldest are known. */
  marked_at: number;
}

/** One row: the Bloom filter that stands for tainted sessions that were let go. */
export interface FadedSessionsTable {
  id: string;
  /** base64 */
  filter: string;
}

/** What a judge said of two tiers' answers to one request. No text. */
export interface JudgedTable {
  request_id: string;
  judged_at: number;
  lower_tier: string;
  lower_model: string;
  upper_tier: string;
  upper_model: string;
  /** The tier whose answer was delivered. */
  answered_tier: string;
  /** The tier that the route would have chosen had none been lowered. */
  routed_tier: string;
  /** Of the lower tier's answer: `win`, `tie` or `loss`. */
  outcome: string;
  /** `first` or `second`, where the judge named that place in both orders. */
  favoured_place: string | null;
  judge: string;
}

/** What callers said of answers that they got. Comments are with the captured texts. */
export interface FeedbackTable {
  request_id: string;
  given_at: number;
  key_name: string | null;
  tenant: string | null;
  answering_model: string | null;
  /** -1 to 1. */
  score: number;
}
