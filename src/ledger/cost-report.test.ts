import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { billed } from '../answer/billing.ts';
import { createStore } from '../store/store.ts';
import { costDimensions, readCostCells } from './cost-cells.ts';
import {
  costReport,
  longPromptBounds,
  microsOf,
  type CostGroup,
  type ReferenceModel,
} from './cost-report.ts';
import { costMicros, localPrice, type TokenPrice } from './cost.ts';
import type { LedgerRow } from './row.ts';
import { tokenPrice } from './prices.ts';
import { toTable } from './table.ts';

const day = 86_400_000;
const begin = Date.UTC(2026, 10, 1);

const farPrice: TokenPrice = {
  ...tokenPrice({ input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 }),
  longPrompt: { aboveTokenCount: 5000, rates: tokenPrice({ input: 4, output: 15, cacheRead: 0.4 }) },
};
const bestPrice: TokenPrice = {
  ...tokenPrice({ input: 10, output: 50, cacheRead: 1 }),
  longPrompt: { aboveTokenCount: 8000, rates: null },
};
const far: ReferenceModel = { name: 'up/far', price: farPrice };
const best: ReferenceModel = { name: 'up/best', price: bestPrice };
const references = { far, best };

const prices: Readonly<Record<string, { upstream: string | null; price: TokenPrice | null }>> = {
  near: { upstream: null, price: localPrice },
  'up/far': { upstream: 'up', price: farPrice },
  'up/unpriced': { upstream: 'up', price: null },
};

/** A row as the pipeline would write it. */
const rowArbitrary = fc
  .record({
    startedAt: fc.integer({ min: begin, max: begin + 4 * day }),
    keyName: fc.constantFrom('a', 'b', null),
    requestedModel: fc.constantFrom('auto', 'far', null),
    answeringModel: fc.constantFrom('near', 'up/far', 'up/unpriced', null),
    operation: fc.constantFrom('chat', 'text_completion', 'embeddings', null),
    answerSource: fc.constantFrom('model', 'exact_cache', 'flight', 'semantic_cache'),
    isCheck: fc.boolean(),
    status: fc.constantFrom(200, 200, 499, 502),
    isMeasured: fc.boolean(),
    prompt: fc.constantFrom(0, 10, 4999, 5001, 9000),
    cached: fc.nat(9000),
    written: fc.nat(9000),
    completion: fc.constantFrom(0, 1, 777),
  })
  .map((fields): Omit<LedgerRow, 'requestId'> => {
    const { prompt, answeringModel, answerSource, isMeasured, operation, ...rest } = fields;
    const billing = answeringModel === null ? prices['near']! : prices[answeringModel]!;
    const cached = Math.min(fields.cached, prompt);
    const written = billing.upstream === null ? 0 : Math.min(fields.written, prompt - cached);
    const tokens = {
      promptTokenCount: prompt,
      cachedTokenCount: cached,
      completionTokenCount: fields.completion,
      ...(written > 0 ? { cacheWriteTokenCount: written } : {}),
    };
    return {
      startedAt: rest.startedAt,
      keyName: rest.keyName,
      tenant: rest.keyName,
      dialect: 'openai',
      operation,
      requestedModel: rest.requestedModel,
      answeringModel,
      ...(billing.upstream === null ? {} : { upstream: billing.upstream }),
      privacy: 'open',
      priority: 'default',
      routeReasons: [],
      ...tokens,
      isMeasured,
      queueMs: null,
      prefillMs: null,
      decodeMs: null,
      firstTokenMs: null,
      totalMs: 1,
      finish: 'stop',
      status: rest.status,
      answerSource,
      ...billed(tokens, isMeasured, billing, answerSource),
      ...(rest.isCheck && answerSource === 'model' ? { checkMicros: 5 } : {}),
    };
  });
const rowsArbitrary = fc
  .array(rowArbitrary, { maxLength: 60 })
  .map((rows) => rows.map((row, index): LedgerRow => ({ ...row, requestId: `request-${index}` })));
const byArbitrary = fc.subarray([...costDimensions]);

async function reportOf(
  rows: readonly LedgerRow[],
  { by = [], inJournal = () => 0, from = 0, to = Number.MAX_SAFE_INTEGER, models = references }: Options = {},
) {
  const store = await createStore({ path: ':memory:' });
  try {
    const stored = rows.filter((_, index) => inJournal(index) !== 1);
    for (const row of stored) await store.db.insertInto('ledger').values(toTable(row)).execute();
    const waiting = rows.filter((_, index) => inJournal(index) !== 0);
    const question = { from, to, by, longPromptsAbove: longPromptBounds(models) };
    return costReport(await readCostCells(store, question, waiting), models);
  } finally {
    await store.close();
  }
}
interface Options {
  readonly by?: readonly (typeof costDimensions)[number][];
  /** 0: in the store, 1: in the journal, 2: in both. */
  readonly inJournal?: (index: number) => number;
  readonly from?: number;
  readonly to?: number;
  readonly models?: typeof references | { readonly far: null; readonly best: null };
}

const techniques = ['near', 'prompt_cache', 'exact_cache', 'flight', 'semantic_cache'];

/** The figures that must add up, whatever the groups. */
function figures(group: CostGroup): readonly (number | bigint)[] {
  const { comparison, savings } = group;
  return [
    group.requestCount,
    group.failedCount,
    group.promptTokenCount,
    group.cachedTokenCount,
    group.cacheWriteTokenCount,
    group.completionTokenCount,
    group.spentMicros,
    group.checkCount,
    group.checkMicros,
    group.unknownCostCount,
    group.lowerBoundCount,
    group.lowerBoundMicros,
    // A group lists only what it saw beside the usual ones.
    ...techniques.flatMap((technique) => {
      const saving = savings.find((one) => one.technique === technique);
      if (saving === undefined) return [0, 0, 0n, 0n, 0];
      const { requestCount, tokenCount, saved, unknownCount } = saving;
      return [requestCount, tokenCount, saved.low, saved.high, unknownCount];
    }),
    ...(comparison === null
      ? []
      : [
          comparison.requestCount,
          comparison.cost.low,
          comparison.cost.high,
          comparison.spentMicros,
          comparison.spentUnknownCount,
          comparison.leftOutCount,
        ]),
  ];
}

/** Every request by itself, in plain words; what the SQL must come to. */
function byHand(rows: readonly LedgerRow[]) {
  const told = rows.filter(
    (row) =>
      (row.operation === 'chat' || row.operation === 'text_completion') &&
      !(!row.isMeasured && row.promptTokenCount === 0) &&
      row.promptTokenCount + row.completionTokenCount > 0,
  );
  const sum = (of: (row: LedgerRow) => number, among = rows) =>
    among.reduce((total, row) => total + of(row), 0);
  const uncached = (row: LedgerRow) => ({ ...row, cachedTokenCount: 0, cacheWriteTokenCount: 0 });
  const reads = (row: LedgerRow) => ({ ...row, cacheWriteTokenCount: 0 });
  return {
    spent: sum((row) => row.costMicros ?? 0),
    unknown: sum((row) => (row.costMicros === null ? 1 : 0)),
    bestLow: sum((row) => costMicros(reads(row), bestPrice) ?? 0, told),
    bestHigh: sum((row) => costMicros(uncached(row), bestPrice) ?? 0, told),
    nearHigh: sum(
      (row) => costMicros(uncached(row), farPrice) ?? 0,
      told.filter((row) => row.upstream === undefined && row.answeringModel !== null),
    ),
    promptCache: sum(
      (row) => (row.uncachedCostMicros ?? 0) - (row.costMicros ?? 0),
      rows.filter(
        (row) =>
          row.upstream !== undefined && row.uncachedCostMicros !== undefined && row.answerSource === 'model',
      ),
    ),
  };
}

describe('a report of costs', () => {
  it('adds up to the whole under any grouping, wherever the rows are', async () => {
    await fc.assert(
      fc.asyncProperty(
        rowsArbitrary,
        byArbitrary,
        fc.array(fc.nat(2), { minLength: 60, maxLength: 60 }),
        async (rows, by, places) => {
          const { total, groups } = await reportOf(rows, { by, inJournal: (index) => places[index] ?? 0 });
          const { total: whole } = await reportOf(rows);
          expect(figures(total)).toEqual(figures(whole));
          const sums = groups
            .map((group) => figures(group))
            .reduce(
              (one, other) => one.map((value, at) => addUp(value, other[at] ?? 0)),
              figures(whole).map(zero),
            );
          expect(sums).toEqual(figures(whole));
          expect(total.requestCount).toBe(rows.length);
          expect(techniques).toEqual(expect.arrayContaining(total.savings.map(({ technique }) => technique)));
          expect(new Set(groups.map(({ labels }) => JSON.stringify(labels))).size).toBe(groups.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('says what the rows say one by one', async () => {
    await fc.assert(
      fc.asyncProperty(rowsArbitrary, async (rows) => {
        const { total } = await reportOf(rows);
        const expected = byHand(rows);
        expect(total.spentMicros).toBe(expected.spent);
        expect(total.unknownCostCount).toBe(expected.unknown);
        const saving = (name: string) => total.savings.find(({ technique }) => technique === name);
        // Each row by itself is rounded, the sum is not.
        const near = (actual: bigint | undefined, wanted: number) => {
          expect(Math.abs(microsOf(actual ?? -1n) - wanted)).toBeLessThanOrEqual(rows.length);
        };
        near(total.comparison?.cost.low, expected.bestLow);
        near(total.comparison?.cost.high, expected.bestHigh);
        near(saving('near')?.saved.high, expected.nearHigh);
        // Rows whose cache was not used save nothing, so they change nothing.
        expect(microsOf(saving('prompt_cache')?.saved.low ?? -1n)).toBe(expected.promptCache);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps to its range, day by day', async () => {
    await fc.assert(
      fc.asyncProperty(rowsArbitrary, fc.nat(4 * day), async (rows, at) => {
        const split = begin + at;
        const before = await reportOf(rows, { to: split });
        const after = await reportOf(rows, { from: split, by: ['day'] });
        expect(before.total.requestCount + after.total.requestCount).toBe(rows.length);
        const days = after.groups.map(({ labels }) => labels[0]);
        const expected = rows
          .filter(({ startedAt }) => startedAt >= split)
          .map(({ startedAt }) => new Date(startedAt).toISOString().slice(0, 10));
        expect(new Set(days)).toEqual(new Set(expected));
      }),
      { numRuns: 30 },
    );
  });

  it('shows what is not known as such, and what broke off as a lower bound', async () => {
    const base = fc.sample(rowArbitrary, { numRuns: 1, seed: 1 })[0]!;
    const row = (number: number, changes: Partial<LedgerRow>): LedgerRow => {
      const { uncachedCostMicros: _, cacheWriteTokenCount: _written, ...rest } = base;
      return {
        ...rest,
        requestId: String(number),
        operation: 'chat',
        upstream: 'up',
        answeringModel: 'up/far',
        answerSource: 'model',
        promptTokenCount: 100,
        cachedTokenCount: 0,
        completionTokenCount: 10,
        isMeasured: true,
        costMicros: 300,
        ...changes,
      };
    };
    const { total } = await reportOf([
      row(1, {}),
      row(2, { isMeasured: false, costMicros: 200 }),
      row(3, { isMeasured: false, promptTokenCount: 0, costMicros: null }),
      row(4, { answeringModel: 'up/unpriced', costMicros: null, cachedTokenCount: 40 }),
      row(5, { currency: 'EUR', costMicros: 5_000_000 }),
    ]);
    expect(total).toMatchObject({
      spentMicros: 500,
      unknownCostCount: 3,
      lowerBoundCount: 1,
      lowerBoundMicros: 200,
      comparison: { requestCount: 5, leftOutCount: 1, spentUnknownCount: 3 },
    });
    expect(total.savings.find(({ technique }) => technique === 'prompt_cache')).toMatchObject({
      requestCount: 1,
      unknownCount: 1,
      basis: 'measured',
    });
  });

  it('tells of techniques that it has never heard of, and compares with nothing where there is nothing', async () => {
    const base = fc.sample(rowArbitrary, { numRuns: 1, seed: 1 })[0]!;
    const { upstream: _, ...rest } = base;
    const row = {
      ...rest,
      requestId: 'x',
      operation: 'chat',
      answeringModel: 'near',
      promptTokenCount: 7,
      completionTokenCount: 3,
      isMeasured: true,
      answerSource: 'of_the_future',
    } as unknown as LedgerRow;
    const { total } = await reportOf([row], { models: { far: null, best: null } });
    expect(total.comparison).toBeNull();
    expect(total.savings.map(({ technique }) => technique)).toEqual([
      'near',
      'prompt_cache',
      'exact_cache',
      'flight',
      'of_the_future',
    ]);
    expect(total.savings.at(-1)).toMatchObject({ requestCount: 1, tokenCount: 10 });
    expect(total.savings[0]).toMatchObject({ requestCount: 1, unknownCount: 1 });
  });
});

function addUp(one: number | bigint, other: number | bigint): number | bigint {
  return typeof one === 'bigint' || typeof other === 'bigint' ? BigInt(one) + BigInt(other) : one + other;
}

function zero(value: number | bigint): number | bigint {
  return typeof value === 'bigint' ? 0n : 0;
}
