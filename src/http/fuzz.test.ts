import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeGateway } from '../../test/fake-gateway.ts';

const { app, seen } = fakeGateway();

const messages = [{ role: 'user', content: 'x' }];
const valid: Readonly<Record<string, object>> = {
  '/v1/chat/completions': { model: 'auto', messages, temperature: 1, stop: ['a'], stream_options: {} },
  '/v1/completions': { model: 'auto', prompt: 'x', logit_bias: { '1': 2 }, suffix: null },
  '/v1/messages': { model: 'auto', max_tokens: 5, messages, system: [{ type: 'text', text: 'y' }] },
  '/v1/messages/count_tokens': { model: 'auto', messages },
  '/api/chat': { model: 'auto', messages, keep_alive: '5m', options: { seed: 1 } },
  '/api/generate': { model: 'auto', prompt: 'x', options: { stop: 'a' } },
  '/api/show': { model: 'auto' },
  '/api/pull': { model: 'tiny', stream: false },
};

/** Whatever the path, an error is an object of its dialect, with words in it. */
function messageOf(path: string, body: unknown): unknown {
  const error = (body as { error?: unknown }).error;
  return path.startsWith('/api/') ? error : (error as { message?: unknown } | undefined)?.message;
}

/** A valid body with one value, somewhere, replaced by any other. */
function mutate(body: unknown, path: readonly number[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined || typeof body !== 'object' || body === null) return value;
  const entries = Object.entries(body);
  const chosen = entries[first % Math.max(1, entries.length)];
  if (chosen === undefined) return value;
  const changed = mutate(chosen[1], rest, value);
  if (Array.isArray(body))
    return body.map((item: unknown, index) => (String(index) === chosen[0] ? changed : item));
  return { ...body, [chosen[0]]: changed };
}

describe.each(Object.keys(valid))('%s', (path) => {
  it('answers any body with 200, or with a client error in words', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(9), { maxLength: 4 }),
        fc.jsonValue(),
        fc.boolean(),
        async (where, value, isAdded) => {
          const body = isAdded
            ? { ...valid[path], [`extra${where.length}`]: value }
            : mutate(valid[path], where, value);
          const response = await app.request(path, {
            method: 'POST',
            body: JSON.stringify(body),
            headers: { 'content-type': 'application/json' },
          });
          const text = await response.text();
          if (response.status === 200) {
            expect(isAdded).toBe(false);
            return;
          }
          expect([400, 403, 404]).toContain(response.status);
          const message = messageOf(path, JSON.parse(text));
          expect(typeof message).toBe('string');
          expect(response.headers.get('x-request-id')).toMatch(/^req_/);
        },
      ),
      { numRuns: 150 },
    );
    expect(seen.reported).toEqual([]);
  });
});
