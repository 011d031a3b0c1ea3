import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorOfBody, errorOfFailure, retryAfter } from './wire-error.ts';

const failure = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('a refusal', () => {
  it.each([
    [400, { error: { message: 'Bad.', param: 'tools[0]' } }, 'invalid_request'],
    [400, { error: { message: 'x', code: 'context_length_exceeded' } }, 'context_overflow'],
    [
      400,
      { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 9 > 8' } },
      'context_overflow',
    ],
    [401, { error: { message: 'No key.' } }, 'upstream_failed'],
    [402, {}, 'upstream_failed'],
    [404, { error: 'model "x" not found' }, 'model_not_found'],
    [413, {}, 'too_large'],
    [422, { detail: 'Wrong.' }, 'invalid_request'],
    [429, { error: { code: 'insufficient_quota' } }, 'upstream_failed'],
    [429, {}, 'rate_limited'],
    [500, '<html>', 'upstream_failed'],
    [503, {}, 'unavailable'],
    [529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'unavailable'],
    [302, '', 'upstream_failed'],
  ])('with %i is %s', (status, body, kind) => {
    expect(errorOfFailure(failure(status, body), 0).kind).toBe(kind);
  });

  it('is worth another try where waiting may help, and not where only the owner can', () => {
    const retryable = (status: number, body: unknown = {}) =>
      errorOfFailure(failure(status, body), 0).retryable;
    expect([429, 500, 502, 503, 529].every((status) => retryable(status))).toBe(true);
    expect([301, 400, 401, 402, 403, 404].some((status) => retryable(status))).toBe(false);
    expect(retryable(429, { error: { code: 'insufficient_quota' } })).toBe(false);
  });

  it('keeps the message and the field, and no key', () => {
    const error = errorOfFailure(
      failure(400, { error: { message: 'Key my-secret-1 and sk-proj-abcdefghijk: bad', param: 'n' } }),
      0,
      ['my-secret-1'],
    );
    expect(error.message).toBe('The upstream answered 400: Key [secret] and [secret]: bad');
    expect(error.field).toBe('n');
  });

  it('within a stream says whether it was too much', () => {
    expect(errorOfBody({ type: 'error', error: { type: 'overloaded_error' } }).kind).toBe('rate_limited');
    expect(errorOfBody({ error: { message: 'CUDA error' } })).toMatchObject({
      kind: 'upstream_failed',
      message: 'The upstream broke its answer off: CUDA error',
    });
  });
});

describe('Retry-After', () => {
  it('is read as seconds, as milliseconds and as a date', () => {
    expect(retryAfter({ 'retry-after': '3' }, 0)).toBe(3);
    expect(retryAfter({ 'retry-after-ms': '250', 'retry-after': '1' }, 0)).toBe(0.25);
    const now = Date.parse('2026-11-24T10:00:00Z');
    expect(retryAfter({ 'retry-after': 'Tue, 24 Nov 2026 10:00:30 GMT' }, now)).toBe(30);
    expect(retryAfter({ 'retry-after': 'Tue, 24 Nov 2026 09:00:00 GMT' }, now)).toBe(0);
    expect(retryAfter({}, 0)).toBeNull();
  });

  it('is never negative and never no number, whatever it says', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const seconds = retryAfter({ 'retry-after': one, 'retry-after-ms': other }, 0);
        if (seconds !== null) expect(seconds).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
