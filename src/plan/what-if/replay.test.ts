import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PromptPrefix } from '../../chat/prompt-prefix.ts';
import { uncachedCostMicros } from '../../ledger/cost.ts';
import { tokenPrice } from '../../ledger/prices.ts';
import { replayTraffic, type ModelPrice, type ReplayOptions, type ReplayRow, type WhatIf } from './replay.ts';
import { techniques, type Technique } from './techniques.ts';
import { trafficOf } from './traffic.ts';

const dear: ModelPrice = {
  price: tokenPrice({ input: 10, output: 50, cacheRead: 1, cacheWrite: 12.5 }),
  batchDiscount: 0.5,
};
const cheap: ModelPrice = { price: tokenPrice({ input: 1, output: 5, cacheRead: 0.1 }), batchDiscount: null };
const prices: Readonly<Record<string, ModelPrice>> = { 'x/dear': dear, 'x/cheap': cheap };

const options: ReplayOptions = {
  priceOf: (model) => prices[model] ?? null,
  smallerOf: (model) => (model === 'x/dear' ? 'x/cheap' : null),
  thresholds: [0.3, 0.7],
  simpleShare: null,
  waitShare: 0,
  machineUsdPerHour: null,
  nearBits: { from: 16, to: 4 },
};

/** A prompt of so many blocks of 64 tokens, of which the first are those of every other. */
function prefixOf(blocks: number, own: string, shared = blocks - 1): PromptPrefix {
  const names = Array.from({ length: blocks }, (_, at) =>
    (at < shared ? `s${at}` : `${own}${at}`).padEnd(8, '_').slice(0, 8),
  );
  return {
    family: 'family',
    tokenCount: blocks * 64,
    chain: names.join(''),
    contents: names.join(''),
    contentTokenCounts: names.map(() => 64),
    boundaries: [],
  };
}

let count = 0;
function row(changes: Partial<ReplayRow> = {}): ReplayRow {
  count += 1;
  const tokens = {
    promptTokenCount: 3200,
    completionTokenCount: 200,
    cachedTokenCount: 0,
    cacheWriteTokenCount: 0,
  };
  const model = changes.model ?? 'x/dear';
  const price = prices[model]?.price;
  return {
    requestId: `r${count}`,
    startedAt: count * 1000,
    tenant: 'a',
    model,
    upstream: 'x',
    ...tokens,
    costMicros: price === undefined ? null : uncachedCostMicros({ ...tokens, ...changes }, price),
    difficulty: null,
    isRouted: false,
    canWait: false,
    prefillMs: null,
    decodeMs: null,
    prefix: null,
    ...changes,
  };
}

const alone = (report: WhatIf, technique: Technique) => {
  const found = report.outcomes.find(({ techniques: set }) => set.length === 1 && set[0] === technique);
  if (found === undefined) throw new Error(technique);
  return found;
};

describe('a replay', () => {
  it('has every combination, and ranks them by money and effort', () => {
    const { outcomes } = replayTraffic([row({ difficulty: 0.1 }), row({ difficulty: 0.9 })], options);
    expect(outcomes).toHaveLength(2 ** techniques.length - 1);
    for (const [at, one] of outcomes.entries()) {
      const next = outcomes[at + 1];
      if (next === undefined) continue;
      expect(one.savedUsd).toBeGreaterThanOrEqual(next.savedUsd);
      if (one.savedUsd === next.savedUsd) expect(one.effort).toBeLessThanOrEqual(next.effort);
    }
  });

  it('reads from a cache what came within five minutes, and writes only what came before', () => {
    const rows = ['a', 'b', 'c'].map((own) => row({ prefix: prefixOf(50, own, 40) }));
    const { savedUsd, changedCount } = alone(replayTraffic(rows, options), 'prompt_caching');
    // First plain; second writes the 2,560 that came before at 1.25; third reads them at a tenth.
    const perToken = 10 / 1e6;
    expect(savedUsd).toBeCloseTo(2560 * perToken * (0.9 - 0.25), 9);
    expect(changedCount).toBe(2);
    const late = rows.map((one, at) => ({ ...one, startedAt: at * 20 * 60_000 }));
    expect(alone(replayTraffic(late, options), 'prompt_caching').savedUsd).toBeCloseTo(
      -2 * 2560 * perToken * 0.25,
      9,
    );
  });

  it('shares no cache between tenants, and keeps no beginning that is short', () => {
    const tenants = ['a', 'b'].map((tenant) =>
      row({ tenant, model: 'x/cheap', prefix: prefixOf(50, 'q', 40) }),
    );
    expect(alone(replayTraffic(tenants, options), 'prompt_caching').savedUsd).toBe(0);
    const short = ['a', 'b', 'c'].map((own) => row({ model: 'x/cheap', prefix: prefixOf(50, own, 10) }));
    expect(alone(replayTraffic(short, options), 'prompt_caching').savedUsd).toBe(0);
  });

  it('leaves what the provider’s cache did already', () => {
    const first = row({ model: 'x/cheap', prefix: prefixOf(50, 'b') });
    const cached = row({
      model: 'x/cheap',
      cachedTokenCount: 3150,
      costMicros: 500,
      prefix: prefixOf(50, 'a'),
    });
    expect(alone(replayTraffic([first, cached], options), 'prompt_caching').savedUsd).toBe(0);
  });

  it('routes near what is simple, and what nobody judged stays, counted', () => {
    const report = replayTraffic([row({ difficulty: 0.1 }), row({ difficulty: 0.5 }), row()], options);
    const routing = alone(report, 'routing');
    expect(routing.savedUsd).toBeCloseTo((row().costMicros ?? 0) / 1e6, 12);
    expect(routing.unknown).toMatchObject({
      'no router told how difficult it is': 1,
      'how fast this machine would answer is not known': 1,
    });
    const half = alone(replayTraffic([row()], { ...options, simpleShare: 0.5 }), 'routing');
    expect(half.savedUsd).toBeCloseTo((row().costMicros ?? 0) / 2e6, 12);
    expect(
      alone(replayTraffic([row({ difficulty: 0.1, isRouted: true })], options), 'routing').savedUsd,
    ).toBe(0);
  });

  it('asks a smaller model what is not hard, at its price', () => {
    const smaller = alone(
      replayTraffic([row({ difficulty: 0.5 }), row({ difficulty: 0.8 })], options),
      'smaller_models',
    );
    expect(smaller.savedUsd).toBeCloseTo((0.9 * (row().costMicros ?? 0)) / 1e6, 9);
    const unpriced = replayTraffic([row({ difficulty: 0.5 })], { ...options, smallerOf: () => 'x/nobody' });
    expect(alone(unpriced, 'smaller_models')).toMatchObject({
      savedUsd: 0,
      unknown: { 'no smaller model with a price is known': 1 },
    });
  });

  it('halves what may wait, where a discount is known', () => {
    const bulk = row({ canWait: true });
    expect(alone(replayTraffic([bulk, row()], options), 'batching').savedUsd).toBeCloseTo(
      (bulk.costMicros ?? 0) / 2e6,
      12,
    );
    const none = alone(replayTraffic([row({ model: 'x/cheap', canWait: true })], options), 'batching');
    expect(none).toMatchObject({ savedUsd: 0, unknown: { 'no discount for batches is known': 1 } });
  });

  it('saves time of this machine by quantizing; money only where its price is known', () => {
    const near = row({ model: 'tiny', upstream: null, costMicros: 0, prefillMs: 1000, decodeMs: 4000 });
    const unknown = alone(replayTraffic([near], options), 'quantization');
    expect(unknown.machineHours).toEqual({ before: 5000 / 3_600_000, after: 2000 / 3_600_000 });
    expect(unknown.unknown).toMatchObject({ 'what an hour of this machine costs is not known': 1 });
    const priced = alone(replayTraffic([near], { ...options, machineUsdPerHour: 3.6 }), 'quantization');
    expect(priced.savedUsd).toBeCloseTo(3000 / 1e6, 12);
  });

  it('never takes an unknown cost for nothing', () => {
    const report = replayTraffic(
      [row({ model: 'x/unpriced', costMicros: null, difficulty: 0.1 }), row()],
      options,
    );
    expect(report).toMatchObject({ requestCount: 2, unknownCostCount: 1 });
    expect(report.spentUsd).toBeCloseTo((row().costMicros ?? 0) / 1e6, 12);
    for (const outcome of report.outcomes) expect(outcome.spentUsd).toBeCloseTo(report.spentUsd, 9);
  });

  it('never saves more than was spent, nor less together than routing alone', () => {
    const anyRow = fc
      .record({
        difficulty: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
        promptTokenCount: fc.integer({ min: 1, max: 20_000 }),
        completionTokenCount: fc.integer({ min: 0, max: 2000 }),
        canWait: fc.boolean(),
        gap: fc.integer({ min: 0, max: 600_000 }),
        model: fc.constantFrom('x/dear', 'x/cheap'),
      })
      .map(({ gap, ...some }) => ({ some, gap }));
    fc.assert(
      fc.property(
        fc.array(anyRow, { maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (given, waitShare) => {
          let at = 0;
          const rows = given.map(({ some, gap }) => row({ ...some, startedAt: (at += gap) }));
          const report = replayTraffic(rows, { ...options, waitShare, simpleShare: 0.5 });
          const routing = alone(report, 'routing');
          for (const outcome of report.outcomes) {
            expect(outcome.savedUsd).toBeLessThanOrEqual(report.spentUsd + 1e-9);
            expect(Number.isFinite(outcome.savedUsd)).toBe(true);
          }
          const both = report.outcomes.find(
            ({ techniques: set }) => set.length === 2 && set.includes('routing') && set.includes('batching'),
          );
          expect(both?.savedUsd).toBeGreaterThanOrEqual(routing.savedUsd - 1e-9);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    [{ simpleShare: 2 }, /simple share: expected a number from 0 to 1, got 2/],
    [{ waitShare: -1 }, /wait share: expected/],
    [{ machineUsdPerHour: -1 }, /machine hour: expected/],
    [{ thresholds: [0.8, 0.2] as const }, /second threshold: expected a number from 0.8 to 1/],
    [{ nearBits: { from: 0, to: 4 } }, /bits today: expected/],
  ])('refuses %j', (changes, message) => {
    expect(() => replayTraffic([], { ...options, ...changes })).toThrow(message);
  });
});

describe('the traffic of a ledger', () => {
  it('is counted, with its busiest hour and what came before', () => {
    const hour = 3_600_000;
    const rows = [0, 1, 2, 24 * hour].map((startedAt) =>
      row({ startedAt, model: 'x/cheap', prefix: prefixOf(50, 'z', 50) }),
    );
    expect(trafficOf(rows)).toMatchObject({
      requestCount: 4,
      spanDays: 1,
      requestsPerDay: 4,
      promptTokenCount: 3200,
      outputTokenCount: 200,
      repeatedPromptShare: 0.5,
    });
    expect(trafficOf(rows)?.peakFactor).toBeCloseTo(3 / (4 / 24), 9);
    expect(trafficOf([])).toBeNull();
  });
});
