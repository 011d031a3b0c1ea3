import { describe, expect, it } from 'vitest';
import { localCaller } from '../access/create-access.ts';
import type { AnswerCache } from '../cache/answer-cache.ts';
import type { Look } from '../cache/semantic/semantic-cache.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { createAnswer } from './create-answer.ts';
import { goodParts, requestOf, scriptedModel } from './fakes.ts';

const look: Look = { checkMicros: 40, hit: null, bytes: 0, settle: () => Promise.resolve() };

/** An answer of an upstream that is to be checked; `found` says when the money for that is set aside. */
function open(found: Promise<void>) {
  const released: string[] = [];
  const rows: LedgerRow[] = [];
  const cache: Pick<AnswerCache, 'find' | 'answer'> = {
    find: async () => {
      await found;
      return { parts: null, look };
    },
    async *answer({ open: ask, request, signal }) {
      yield* await ask(request, signal);
    },
  };
  const answer = createAnswer({
    label: (request) => request,
    route: { decide: () => Promise.resolve({ modelId: 'up/big', reasons: [] }) },
    models: { model: () => Promise.resolve(scriptedModel(goodParts)) },
    billing: () => ({ upstream: 'up', price: null }),
    cache: cache as AnswerCache,
    checks: {
      of: () => ({ canPay: () => true, pay: () => Promise.resolve(40) }),
      release: (id) => {
        released.push(id);
        return Promise.resolve();
      },
    },
    settle: (row) => rows.push(row),
  });
  return { released, rows, parts: answer(requestOf(), localCaller, new AbortController().signal) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('money that is set aside for a check', () => {
  it('is told of by the row of the request', async () => {
    const { parts, rows, released } = open(Promise.resolve());
    for await (const part of parts) expect(part.type).not.toBe('error');
    expect(rows).toMatchObject([{ checkMicros: 40 }]);
    expect(released).toEqual([]);
  });

  it('is given back where the client left meanwhile: its row was written without it', async () => {
    const found = Promise.withResolvers<undefined>();
    const { parts, rows, released } = open(found.promise);
    const reading = parts[Symbol.asyncIterator]();
    const first = reading.next();
    await turn();
    await reading.return?.();
    await first;
    expect(rows).toHaveLength(1);
    expect(rows[0]).not.toHaveProperty('checkMicros');
    found.resolve(undefined);
    await turn();
    expect(released).toEqual(['request-1']);
  });
});
