import { expect, test } from 'vitest';
import { createStore } from '../store/store.ts';
import { readCascades } from './cascade-report.ts';
import type { LedgerRow } from './row.ts';
import { toTable } from './table.ts';

const rowOf = (
  requestId: string,
  cascade?: LedgerRow['cascade'],
  changes: Partial<LedgerRow> = {},
): LedgerRow => ({
  ...{ requestId, startedAt: 10, keyName: 'local', tenant: 'local', dialect: 'openai', operation: 'chat' },
  ...{
    requestedModel: 'auto',
    answeringModel: 'tiny',
    privacy: 'open',
    priority: 'default',
    routeReasons: [],
  },
  ...{ promptTokenCount: 1, cachedTokenCount: 0, completionTokenCount: 1, isMeasured: true, queueMs: null },
  ...{ prefillMs: null, decodeMs: null, firstTokenMs: null, totalMs: 1, finish: 'stop', status: 200 },
  ...{ answerSource: 'model', costMicros: 0, currency: 'USD' },
  ...(cascade === undefined ? {} : { cascade }),
  ...changes,
});
const escalated = { tokenCount: 24, ms: 400, isEscalated: true };
const shown = { tokenCount: 24, ms: 100, isEscalated: false };
const range = { from: 0, to: 100 };

test('what cascades spent is summed, of the store and of what waits, each once', async () => {
  const state = await createStore({ path: ':memory:' });
  expect(await readCascades(state, range, [])).toBeNull();
  const rows = [
    rowOf('a', escalated),
    rowOf('b', escalated),
    rowOf('c', shown),
    rowOf('d'),
    rowOf('e', shown, { startedAt: 1000 }),
    rowOf('f', shown, { purpose: 'shadow' }),
  ];
  for (const row of rows) await state.db.insertInto('ledger').values(toTable(row)).execute();
  expect(await readCascades(state, range, [rowOf('a', escalated), rowOf('w', shown)])).toEqual({
    judgedCount: 4,
    escalatedCount: 2,
    unshownTokenCount: 48,
    escalatedMs: 800,
    shownMs: 200,
  });
  await state.close();
});
