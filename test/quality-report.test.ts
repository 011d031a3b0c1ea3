import { afterEach, beforeEach, expect, it } from 'vitest';
import { refusalRow } from '../src/answer/refusal.ts';
import { NearfarError } from '../src/chat/error.ts';
import { qualityJson, qualityLines } from '../src/cli/costs-quality.ts';
import { createLedger } from '../src/ledger/ledger.ts';
import type { LedgerRow } from '../src/ledger/row.ts';
import { createStore, type Store } from '../src/store/store.ts';
import { createJudgedStore, type Judged } from '../src/quality/judged-store.ts';
import { readQuality } from '../src/quality/quality-report.ts';
import { createTierHealth } from '../src/quality/tier-health.ts';

let store: Store;
beforeEach(async () => {
  store = await createStore({ path: ':memory:' });
});
afterEach(() => store.close());

const near = { tier: 'near', modelId: 'tiny' };
const far = { tier: 'far', modelId: 'x/far' };
const all = { from: 0, to: Number.MAX_SAFE_INTEGER };

function judgedOf(index: number, changes: Partial<Judged> = {}): Judged {
  return {
    requestId: `r${String(index).padStart(5, '0')}`,
    judgedAt: index,
    lower: near,
    upper: far,
    answeredTier: 'near',
    routedTier: 'near',
    outcome: 'tie',
    favouredPlace: null,
    judge: 'judge',
    ...changes,
  };
}

it('says so where nothing was measured', async () => {
  const report = await readQuality(store, all, []);
  expect(qualityLines(report).join('\n')).toContain('Quality not measured');
  expect(qualityJson(report)).toMatchObject({ measured: false, comparisons: [] });
});

it('says how many alternatives were not compared, which are none by chance', async () => {
  const judged = createJudgedStore(store);
  await judged.add(judgedOf(1));
  const report = await readQuality(store, all, []);
  const spent = { requestCount: 7, failedCount: 0, costMicros: 0, unknownCount: 0 };
  const told = (purpose: string, requestCount: number): string =>
    qualityLines({ ...report, spending: [{ ...spent, purpose, requestCount }] }).join('\n');
  expect(told('shadow', 7)).toContain('Of 7 alternatives that were asked for 1 were compared');
  expect(told('shadow', 1)).not.toContain('alternatives');
  expect(told('judge', 7)).not.toContain('alternatives');
});

it('tells what a judge’s ties are, and what its word is worth', async () => {
  const judged = createJudgedStore(store);
  for (let index = 0; index < 20; index += 1)
    await judged.add(judgedOf(index, { favouredPlace: index < 15 ? 'first' : index < 17 ? 'second' : null }));
  const report = await readQuality(store, all, []);
  const unknown = qualityLines(report).join('\n');
  expect(unknown).toContain(
    'contradicted itself in 17 of 20 comparisons, which are among the 20 ties: in 15 it named the first place',
  );
  expect(unknown).toContain('Whether it can judge was not measured: nearfar eval judge --judge');
  expect(qualityJson(report)).toMatchObject({
    comparisons: [{ tiesByPlace: { first: 15, second: 2 } }],
    judges: [{ judge: 'judge', reliability: null }],
  });
  const results = Array.from({ length: 30 }, (_, index) => ({
    id: `code-${index}`,
    task: 'code' as const,
    verdicts: ['first', 'first'] as const,
    outcome: 'tie' as const,
  }));
  const evaluation = {
    ...{ modelId: 'x/judge', modelName: 'judge', date: '2026-11-30T00:00:00.000Z', nearfarVersion: '0' },
    ...{ pairsVersion: 'v', pairs: 'written' as const, results },
  };
  expect(qualityLines(report, [evaluation]).join('\n')).toContain('x/judge is NO BETTER THAN CHANCE');
  expect(qualityJson(report, [evaluation])).toMatchObject({
    judges: [
      {
        judge: 'judge',
        reliability: { isBetterThanChance: false, pairs: 30, measuredAt: '2026-11-30T00:00:00.000Z' },
      },
    ],
  });
});

it('tells difference, interval and sample size of what the lower tier answered, apart from the rest', async () => {
  const judged = createJudgedStore(store);
  for (let index = 0; index < 100; index += 1) {
    const outcome = index < 3 ? 'win' : index < 10 ? 'loss' : 'tie';
    await judged.add(judgedOf(index, { outcome }));
  }
  await judged.add(judgedOf(500, { answeredTier: 'far', routedTier: 'far', outcome: 'loss' }));
  // Once judged stays as it was.
  await judged.add(judgedOf(0, { outcome: 'loss' }));
  const report = await readQuality(store, all, []);
  const text = qualityLines(report).join('\n');
  expect(text).toContain('-4.0 points, 95% interval -11.3 to +2.6, from 100 judged answers');
  expect(text).toContain('Better 3, as good 90, worse 7');
  expect(text).toContain('Of 1 requests that far (x/far) answered, near (tiny) would have been better in 0');
  expect(text).toContain('near is not watched yet');
  expect(qualityJson(report)).toMatchObject({
    measured: true,
    comparisons: [{ judgedAnswers: 100, wins: 3, ties: 90, losses: 7, difference: -0.04 }, {}],
  });
  // Only the time that was asked for.
  expect((await readQuality(store, { from: 0, to: 10 }, [])).comparisons[0]?.difference.answerCount).toBe(10);
});

it('what measuring cost is in a figure of its own, rows that wait included, once', async () => {
  const row = (requestId: string, changes: Partial<LedgerRow>): LedgerRow => ({
    ...refusalRow({ requestId, dialect: 'internal', error: new NearfarError('internal', '') }),
    startedAt: 5,
    status: 200,
    ...changes,
  });
  const ledger = await createLedger({ store, journal: null, warn: () => undefined });
  const stored = row('a', { purpose: 'shadow', costMicros: 70 });
  ledger.record(stored);
  ledger.record(row('b', { purpose: 'judge', costMicros: null }));
  ledger.record(row('c', { costMicros: 1000 }));
  await ledger.close();
  const report = await readQuality(store, all, [stored, row('d', { purpose: 'judge', costMicros: 5 })]);
  expect(report.spending).toEqual([
    { purpose: 'shadow', requestCount: 1, failedCount: 0, costMicros: 70, unknownCount: 0 },
    { purpose: 'judge', requestCount: 2, failedCount: 0, costMicros: 5, unknownCount: 1 },
  ]);
  expect(qualityLines(report).at(-1)).toContain('at least $0.000075');
});

it('a tier that gets worse is lowered, says so once, and is found so again by the next process', async () => {
  const judged = createJudgedStore(store);
  const logged: string[] = [];
  const open = () => createTierHealth({ judged, log: (line) => logged.push(line), warn: () => undefined });
  const health = open();
  expect(health.healthOf('near')).toEqual({ penalty: 0, reason: null });
  const add = async (from: number, count: number, outcomeOf: (index: number) => Judged['outcome']) => {
    const rows = Array.from({ length: count }, (_, index) =>
      judgedOf(from + index, { outcome: outcomeOf(index) }),
    );
    for (const one of rows) await judged.add(one);
    await health.refresh();
  };
  const usual = (index: number): Judged['outcome'] =>
    index % 10 === 0 ? 'win' : index % 10 === 5 ? 'loss' : 'tie';
  await add(0, 500, usual);
  expect(health.healthOf('near').penalty).toBe(0);
  expect(health.watches).toMatchObject([{ tier: 'near', level: 'as expected', judgedCount: 500 }]);
  // What would have gone far anyway says nothing of what near is given.
  for (let index = 0; index < 100; index += 1) {
    await judged.add(judgedOf(600 + index, { routedTier: 'far', answeredTier: 'far', outcome: 'loss' }));
  }
  await health.refresh();
  expect(health.healthOf('near').penalty).toBe(0);
  await add(1000, 150, (index) => (index % 10 < 4 ? 'loss' : 'tie'));
  expect(health.healthOf('near').penalty).toBeGreaterThan(0.05);
  expect(logged.at(-1)).toContain('near is lowered');
  const again = open();
  await again.refresh();
  expect(again.healthOf('near').penalty).toBeGreaterThan(0.05);
  await add(2000, 600, usual);
  expect(health.healthOf('near')).toEqual({ penalty: 0, reason: null });
  expect(logged.at(-1)).toContain('as expected again');
  // Another model begins anew.
  await judged.add(judgedOf(3000, { lower: { tier: 'near', modelId: 'other' } }));
  await health.refresh();
  expect(health.watches).toMatchObject([{ modelId: 'other', level: null, judgedCount: 1 }]);
});
