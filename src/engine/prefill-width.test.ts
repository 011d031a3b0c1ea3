import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minimumPrefillTokenCount, prefillWidth, type PrefillStep } from './prefill-width.ts';

/** One millisecond a token, and what `perPair` adds. */
const step = (more: Partial<PrefillStep>): PrefillStep => ({
  tokenCount: 0,
  readPairCount: 0,
  contextTokenCount: 0,
  limit: 512,
  least: minimumPrefillTokenCount,
  isHard: false,
  isPatient: false,
  targetMs: 200,
  predictMs: (tokenCount) => tokenCount,
  ...more,
});

describe('the width of a prefill step', () => {
  it('is all that is left where that fits, else whole tiles, else multiples of 8', () => {
    expect(prefillWidth(step({ limit: 170 }))).toBe(170);
    expect(prefillWidth(step({ limit: 512 }))).toBe(192);
    expect(prefillWidth(step({ limit: 512, tokenCount: 10 }))).toBe(182);
    expect(prefillWidth(step({ limit: 512, targetMs: 100 }))).toBe(96);
  });

  it('moves a little where the target is missed anyway, and nothing where that was not asked', () => {
    expect(prefillWidth(step({ targetMs: 0 }))).toBe(minimumPrefillTokenCount);
    expect(prefillWidth(step({ targetMs: 0, limit: 5 }))).toBe(5);
    expect(prefillWidth(step({ targetMs: 0, least: 0 }))).toBe(0);
    expect(prefillWidth(step({ limit: 0 }))).toBe(0);
  });

  it('takes a tile where fewer tokens would cost almost as much', () => {
    // As on a CPU over many cells: below 64 tokens attention costs four times as much per token.
    const predictMs = (tokenCount: number) => tokenCount * (tokenCount < 64 ? 8 : 2);
    expect(prefillWidth(step({ targetMs: 100, predictMs }))).toBe(64);
    expect(prefillWidth(step({ targetMs: 100, predictMs, least: 0 }))).toBe(64);
    expect(prefillWidth(step({ targetMs: 100, predictMs, limit: 40 }))).toBe(16);
    const hard = { targetMs: 100, predictMs, least: 0, isHard: true };
    expect(prefillWidth(step(hard))).toBe(8);
    expect(prefillWidth(step({ ...hard, isPatient: true }))).toBe(0);
    expect(prefillWidth(step({ ...hard, isPatient: true, targetMs: 128 }))).toBe(64);
  });

  it('never exceeds its limit, and the target only by the least or by one tile', () => {
    fc.assert(
      fc.property(
        fc.record({
          limit: fc.integer({ min: 0, max: 512 }),
          tokenCount: fc.integer({ min: 0, max: 100 }),
          targetMs: fc.integer({ min: -50, max: 2000 }),
          contextTokenCount: fc.integer({ min: 0, max: 4000 }),
          least: fc.constantFrom(0, minimumPrefillTokenCount),
        }),
        fc.integer({ min: 1, max: 5 }),
        (more, slope) => {
          const predictMs = (tokenCount: number, pairs: number) => 3 + slope * tokenCount + pairs / 1000;
          const width = prefillWidth(step({ ...more, predictMs }));
          expect(width).toBeGreaterThanOrEqual(0);
          expect(width).toBeLessThanOrEqual(more.limit);
          if (more.limit > 0 && more.least > 0) expect(width).toBeGreaterThan(0);
          const ms = predictMs(more.tokenCount + width, width * more.contextTokenCount);
          if (ms > more.targetMs) expect(width).toBeLessThanOrEqual(Math.max(more.least, 64));
        },
      ),
    );
  });
});
