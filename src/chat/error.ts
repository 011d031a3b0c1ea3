/** What went wrong, in words that every dialect can map to its own error shape. */
export type ErrorKind =
  | 'invalid_request' // 400: a field is malformed; `field` names it
  | 'unsupported' // 400: a field that would change the answer and that nothing here can honour
  | 'context_overflow' // 400: prompt longer than the context; the message names both counts
  | 'unauthorized' // 401
  | 'budget_exhausted' // 402: the key's money for the day or month does not pay for this request
  | 'forbidden' // 403: scope missing, foreign Host or Origin
  | 'model_not_found' // 404
  | 'not_found' // 404: any other thing
  | 'slow_request' // 408: the body did not arrive in time
  | 'conflict' // 409
  | 'too_large' // 413
  | 'unsupported_media_type' // 415: body is not JSON
  | 'queue_full' // 429 with Retry-After
  | 'rate_limited' // 429 with Retry-After
  | 'aborted' // 499: the client went away
  | 'internal' // 500
  | 'model_crashed' // 500: the engine died with this request on board
  | 'upstream_failed' // 502: an upstream broke off, answered what is no answer, or refuses the owner's key
  | 'unavailable' // 503: no model is loaded or the engine is restarting
  | 'timeout'; // 504: the deadline passed

/** HTTP status of each kind; dialects use the number and add their own type names. */
export const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid_request: 400,
  unsupported: 400,
  context_overflow: 400,
  unauthorized: 401,
  budget_exhausted: 402,
  forbidden: 403,
  model_not_found: 404,
  not_found: 404,
  slow_request: 408,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  queue_full: 429,
  rate_limited: 429,
  aborted: 499,
  internal: 500,
  model_crashed: 500,
  upstream_failed: 502,
  unavailable: 503,
  timeout: 504,
};

const retryableKinds: ReadonlySet<ErrorKind> = new Set([
  'queue_full',
  'rate_limited',
  'upstream_failed',
  'unavailable',
  'timeout',
]);

export interface ErrorDetails {
  /** The request field at fault, in the client's own spelling and path, e.g. `messages[2].role`. */
  readonly field?: string;
  /** Seconds after which a retry may work; becomes Retry-After. */
  readonly retryAfterSeconds?: number;
  /** Where the kind alone does not tell whether asking again may help. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** The one error that crosses rooms. Messages are shown to users: no secrets, no prompts, no stack traces. */
export class NearfarError extends Error {
  readonly kind: ErrorKind;
  readonly retryable: boolean;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'NearfarError';
    this.kind = kind;
    this.retryable = details.retryable ?? retryableKinds.has(kind);
    this.field = details.field;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get status(): number {
    return statusOfKind[this.kind];
  }
}

/** Wraps whatever was thrown; an unknown error becomes `internal` with the original as its cause. */
export function toNearfarError(thrown: unknown): NearfarError {
  if (thrown instanceof NearfarError) return thrown;
  return new NearfarError('internal', 'Something went wrong inside nearfar; see its log.', { cause: thrown });
}
