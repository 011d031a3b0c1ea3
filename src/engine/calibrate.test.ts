import { describe, expect, it } from 'vitest';
import { calibrate, type TunableDecoder } from './calibrate.ts';
import { createStepCost } from './step-cost.ts';
import { createFakeDecoder } from './testing/fake-decoder.ts';

interface Machine {
  readonly msOf: (tokenCount: number, usedCellCount: number) => number;
  readonly budgetMs?: number;
  readonly cellCount?: number;
}

/** Measures a fake decoder on a clock that only its steps advance. */
function measure({ msOf, budgetMs = 60_000, cellCount = 4096 }: Machine) {
  let time = 0;
  let threads = 0;
  const fake = createFakeDecoder({
    cellCount,
    batchTokenCount: 512,
    sequenceCount: 8,
    onDecode: (tokenCount) => {
      time += msOf(tokenCount, fake.usedCellCount) * (threads === 2 ? 1 : 3);
    },
  });
  const decoder: TunableDecoder = Object.assign(fake, { setThreads: (count: number) => (threads = count) });
  const result = calibrate({ decoder, threadCounts: [1, 2], outputCount: 4, budgetMs, now: () => time });
  return { result, usedCellCount: fake.usedCellCount };
}

describe('calibration', () => {
  it('finds the quicker thread count and the cost of steps, and leaves the decoder empty', () => {
    const { result, usedCellCount } = measure({
      msOf: (tokens, cells) => 4 + tokens + tokens * cells * 0.001,
    });
    expect(result.threadCount).toBe(2);
    expect(result.noise).toBeCloseTo(1);
    expect(usedCellCount).toBe(0);
    const cost = createStepCost(result.curve);
    expect(cost.predictMs({ tokenCount: 64, readPairCount: 0, cellCount: 0 })).toBeCloseTo(68);
    expect(cost.predictMs({ tokenCount: 64, readPairCount: 64_000, cellCount: 1000 })).toBeCloseTo(132);
  });

  it('keeps readers apart where a mixed batch is dearer than two, and only there', () => {
    // A mixed batch is the only one of 129 tokens.
    const tiled = (tokens: number) => (tokens === 129 ? 200 : 4 + tokens);
    expect(measure({ msOf: tiled }).result.curve.readersApart).toBe(true);
    expect(measure({ msOf: (tokens) => 40 + tokens }).result.curve.readersApart).toBe(false);
  });

  it('is done within its budget but for what chunking needs', () => {
    const { result } = measure({ msOf: (tokens) => 100 * tokens, budgetMs: 1000 });
    expect(result.curve.points.at(-1)?.tokenCount).toBe(64);
    expect(result.curve.attention.length).toBeGreaterThan(0);
    expect(result.curve.readersApart).toBe(false);
  });
});
