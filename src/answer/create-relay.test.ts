import { expect, it } from 'vitest';
import { localCaller } from '../access/create-access.ts';
import { NearfarError } from '../chat/error.ts';
import type { LedgerRow } from '../ledger/row.ts';
import type { RelayRequest } from '../upstream/relay.ts';
import type { Admitted } from './admission.ts';
import { createRelay } from './create-relay.ts';

const request: RelayRequest = {
  id: 'request-1',
  dialect: 'openai',
  requestedModel: 'any',
  privacy: 'open',
  tenant: '',
  priority: 'default',
  deadlineAt: null,
  isStreamed: true,
  answerCache: 'auto',
  operation: 'chat',
  protocol: 'openai',
  path: '/chat/completions',
  text: '{}',
  body: {},
  headers: {},
};
const decision = { modelId: 'up/a', fallbackIds: ['up/b'], reasons: [] };

/** The first of two models fails, so that the ordinary way is to ask the other one. */
function open(admitted: Partial<Admitted>) {
  const rows: LedgerRow[] = [];
  const relay = createRelay({
    label: (judged) => judged,
    route: { decide: () => Promise.resolve(decision) },
    upstreams: {
      upstreamOf: () => null,
      relay: () => Promise.reject(new NearfarError('upstream_failed', 'The upstream is down.')),
      sentTo: () => [],
    },
    billing: () => ({ upstream: 'up', price: null }),
    admission: {
      admit: () => ({
        enter: () => Promise.resolve(['up/a', 'up/b'] as const),
        close: (row) => row,
        cancel: () => Promise.resolve(),
        ...admitted,
      }),
    },
    cache: null,
    settle: (row) => rows.push(row),
  });
  const answer = (canBeginAnew?: () => boolean) =>
    relay.answer({ request, way: 'pass', decision }, localCaller, new AbortController().signal, canBeginAnew);
  return { rows, answer };
}

it('leaves the row to the ordinary way where that begins anew', async () => {
  const { rows, answer } = open({});
  expect(await answer()).toBeNull();
  expect(rows).toEqual([]);
});

it('writes the row itself where the store does not give back what the request holds', async () => {
  const { rows, answer } = open({ cancel: () => Promise.reject(new Error('database is locked')) });
  await expect(answer()).rejects.toThrow('The upstream is down.');
  expect(rows).toMatchObject([{ requestId: 'request-1', finish: 'upstream_failed' }]);
});

it('does so too where another model was to answer for money’s sake', async () => {
  const { rows, answer } = open({
    enter: () => Promise.resolve(['up/b'] as const),
    cancel: () => Promise.reject(new Error('database is locked')),
  });
  await expect(answer()).rejects.toThrow('cannot be asked now');
  expect(rows).toMatchObject([{ requestId: 'request-1', finish: 'unavailable' }]);
});

it('tells of the failure where the ordinary way would not understand the request', async () => {
  const { rows, answer } = open({});
  await expect(answer(() => false)).rejects.toThrow('The upstream is down.');
  expect(rows).toMatchObject([{ requestId: 'request-1', finish: 'upstream_failed' }]);
});

it('tells that it cannot be paid for where what costs nothing would not understand it', async () => {
  const { rows, answer } = open({ enter: () => Promise.resolve(['tiny'] as const) });
  await expect(answer(() => false)).rejects.toThrow('does not pay for up/a');
  expect(rows).toMatchObject([{ requestId: 'request-1', finish: 'budget_exhausted', status: 402 }]);
});
