import { NearfarError, type ErrorKind } from '../chat/error.ts';
import { isObject, objectOf, textOf, type WireObject } from './wire-json.ts';

/** What of an upstream's failure its client may read. */
const longestMessage = 500;

/** An answer that is no 200. */
export interface WireFailure {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The beginning of its body. */
  readonly body: string;
}

/**
 * An upstream's refusal in the words of this program. What is the owner's to mend (his key, his bill, the name of his
 * model) is no fault of the client's: it is told 502, not 401 or 402.
 * @param secrets texts that must not be shown, whatever the upstream writes
 */
export function errorOfFailure(
  failure: WireFailure,
  now: number,
  secrets: readonly string[] = [],
): NearfarError {
  const body = parseBody(failure.body);
  const { message, field, type, code } = describe(body);
  const said = message === '' ? '' : `: ${clip(hide(message, secrets))}`;
  const kind = kindOf(failure.status, `${type} ${code} ${message}`);
  const retryAfterSeconds = retryAfter(failure.headers, now);
  return new NearfarError(kind, `${opening(failure.status, kind)}${said}`, {
    ...(field === '' ? {} : { field }),
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
    // A key, a bill or a redirect does not mend itself.
    ...(kind === 'upstream_failed' && failure.status < 500 ? { retryable: false } : {}),
  });
}

/** An error that came as an event of a stream that had begun; `withoutSecrets` is for whoever shows it. */
export function errorOfBody(body: WireObject): NearfarError {
  const { message, type, code } = describe(body);
  const words = `${type} ${code} ${message}`;
  const kind = /overloaded|rate.?limit|too many/i.test(words) ? 'rate_limited' : 'upstream_failed';
  const said = message === '' ? '' : `: ${clip(hide(message, []))}`;
  return new NearfarError(kind, `The upstream broke its answer off${said}`);
}

/** The error as anybody may read it. @param secrets texts that must not be shown, whatever the upstream writes */
export function withoutSecrets(error: NearfarError, secrets: readonly string[]): NearfarError {
  const message = secrets.length === 0 ? error.message : hide(error.message, secrets);
  if (message === error.message) return error;
  return new NearfarError(error.kind, message, {
    retryable: error.retryable,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    cause: error.cause,
  });
}

function opening(status: number, kind: ErrorKind): string {
  if (status === 401 || status === 403) return `The upstream refuses the key that it was given (${status})`;
  if (status === 402) return 'The upstream asks for payment (402)';
  if (kind === 'upstream_failed') return `The upstream failed (${status})`;
  return `The upstream answered ${status}`;
}

function kindOf(status: number, words: string): ErrorKind {
  // A spent quota comes as 429, and waiting does not help.
  if (status === 429) return /insufficient_quota/.test(words) ? 'upstream_failed' : 'rate_limited';
  if (status === 529 || status === 503) return 'unavailable';
  if (status === 408 || status === 504) return 'timeout';
  if (status === 413) return 'too_large';
  if (status === 404) return 'model_not_found';
  if (status === 400 || status === 422) {
    return /context.?length|context_length_exceeded|prompt is too long|maximum context|exceeds? the (available )?context/i.test(
      words,
    )
      ? 'context_overflow'
      : 'invalid_request';
  }
  return 'upstream_failed';
}

function describe(body: WireObject): { message: string; field: string; type: string; code: string } {
  const inner = body['error'];
  // Ollama says {"error": "text"}, vLLM of old {"message": "text"}, FastAPI {"detail": ...}.
  if (typeof inner === 'string') return { message: inner, field: '', type: '', code: '' };
  const error = isObject(inner) ? inner : body;
  return {
    message: textOf(error['message']) || textOf(body['detail']),
    field: textOf(error['param']),
    type: textOf(error['type']),
    code: textOf(error['code']),
  };
}

function parseBody(text: string): WireObject {
  try {
    return objectOf(JSON.parse(text) as unknown);
  } catch {
    // A proxy's page of HTML says nothing that a client could use.
    return {};
  }
}

/** Some providers repeat a part of the key in their refusals. */
function hide(message: string, secrets: readonly string[]): string {
  let shown = message;
  for (const secret of secrets) {
    if (secret !== '') shown = shown.replaceAll(secret, '[secret]');
  }
  return shown.replaceAll(/\b(sk|pk|rk|gsk|xai|AIza)[-_A-Za-z0-9*.]{8,}/g, '[secret]');
}

function clip(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}...` : text;
}

/**
 * Seconds that an upstream asks to wait, from `retry-after-ms` (OpenAI, Azure) or `Retry-After` (RFC 9110: seconds, or a
 * date); null where it does not say.
 */
export function retryAfter(headers: WireFailure['headers'], now: number): number | null {
  const milliseconds = Number(single(headers['retry-after-ms']) || NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds / 1000;
  const text = single(headers['retry-after']).trim();
  if (text === '') return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds : null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, (at - now) / 1000);
}

function single(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}
