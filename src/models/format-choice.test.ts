import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chooseFormat, fasterFormats, mostPerplexityRatio, type FormatCandidate } from './format-choice.ts';
import type { MeasuredModel } from './manifest.ts';

const slow: MeasuredModel = { prefillTokensPerSecond: 400, decodeTokensPerSecond: 170, perplexity: 20 };
// As measured: with more figures than are asked for.
const fast = {
  format: 'Q4_0',
  threadCount: 2,
  prefillTokensPerSecond: 1600,
  decodeTokensPerSecond: 225,
  perplexity: 20.5,
};

const of = (...measured: MeasuredModel[]): FormatCandidate[] =>
  measured.map((figures, index) => ({ format: `F${index}`, measured: figures }));

describe('chooseFormat', () => {
  const choose = (...measured: MeasuredModel[]) => chooseFormat(slow, of(...measured), 1.1).format;

  it('wants a gain beyond noise, no loss beyond noise, and a bounded cost in perplexity', () => {
    expect(choose(fast)).toBe('F0');
    expect(choose({ ...fast, perplexity: 24 })).toBeNull();
    expect(choose({ ...fast, decodeTokensPerSecond: 100 })).toBeNull();
    expect(choose({ ...slow, perplexity: 19 })).toBeNull();
    expect(choose({ ...fast, perplexity: Number.NaN })).toBeNull();
    expect(chooseFormat({ ...slow, decodeTokensPerSecond: 0 }, of(fast), 1.1).format).toBeNull();
  });

  it('takes the fastest, unless another is within 10% of it in both and of lower perplexity', () => {
    const better = { ...fast, perplexity: 20.1 };
    expect(choose(fast, { ...better, decodeTokensPerSecond: 206 })).toBe('F1');
    expect(choose(fast, { ...better, decodeTokensPerSecond: 200 })).toBe('F0');
    expect(choose(fast, { ...better, prefillTokensPerSecond: 1400 })).toBe('F0');
    expect(choose(fast, { ...fast, decodeTokensPerSecond: 210 })).toBe('F0');
    expect(choose({ ...better, decodeTokensPerSecond: 206 }, fast)).toBe('F0');
    expect(choose({ ...fast, perplexity: 30 }, { ...fast, prefillTokensPerSecond: 900 })).toBe('F1');
  });

  it('says why, with figures, and calls doubtful what speed alone decided', () => {
    expect(chooseFormat(slow, of(fast), 1.1).reason).toBe(
      'it is faster: prefill 4.00x, decode 1.32x, perplexity 1.02x',
    );
    const isDoubtful = (...measured: MeasuredModel[]) => chooseFormat(slow, of(...measured), 1.1).isDoubtful;
    expect(isDoubtful({ ...fast, perplexity: 24 })).toBe(false);
    expect(isDoubtful({ ...fast, decodeTokensPerSecond: 100 })).toBe(true);
    expect(isDoubtful({ ...fast, perplexity: 24 }, slow)).toBe(true);
    expect(isDoubtful(fast, { ...fast, decodeTokensPerSecond: 100 })).toBe(false);
    expect(() => chooseFormat(slow, [], 1.1)).toThrow(RangeError);
  });

  it('never takes what is slower than the original or costs more than is accepted', () => {
    const figure = fc.double({ min: 1, max: 100, noNaN: true });
    const measured = fc.record({
      prefillTokensPerSecond: figure,
      decodeTokensPerSecond: figure,
      perplexity: figure,
    });
    fc.assert(
      fc.property(measured, fc.array(measured, { minLength: 1, maxLength: 4 }), (before, all) => {
        const candidates = of(...all);
        const { format } = chooseFormat(before, candidates, 1.5);
        const chosen = candidates.find((candidate) => candidate.format === format)?.measured;
        if (chosen === undefined) return;
        expect(chosen.perplexity / before.perplexity).toBeLessThanOrEqual(1.5);
        expect(chosen.prefillTokensPerSecond * 1.1).toBeGreaterThanOrEqual(before.prefillTokensPerSecond);
        expect(chosen.decodeTokensPerSecond * 1.1).toBeGreaterThanOrEqual(before.decodeTokensPerSecond);
      }),
    );
  });
});

describe('the formats that are tried', () => {
  it('are those with fast kernels, of formats without', () => {
    expect(fasterFormats('Q4_1')).toEqual(['Q4_0', 'IQ4_NL']);
    expect(fasterFormats('F16')).toEqual(['Q8_0']);
    for (const format of ['Q4_0', 'IQ4_NL', 'Q4_K_M', null]) expect(fasterFormats(format)).toEqual([]);
  });

  it('may cost a smoke test more quality than a better model', () => {
    expect(mostPerplexityRatio('smoke test')).toBeGreaterThan(1.3);
    for (const grade of ['basic', 'assistant', 'ungraded'] as const) {
      expect(mostPerplexityRatio(grade)).toBeLessThan(1.1);
    }
  });
});
