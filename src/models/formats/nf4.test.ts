import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dequantizeNf4,
  dynamicLevels,
  nearestDynamic,
  nearestNf4,
  nf4BitsPerWeight,
  nf4Levels,
  quantizeNf4,
} from './nf4.ts';

// No subnormal numbers: the inverse of such a scale is beyond single precision.
const weights = fc
  .array(fc.integer({ min: -8_000_000, max: 8_000_000 }), { minLength: 1, maxLength: 700 })
  .map((values) => Float32Array.from(values, (value) => value / 1e6));

/** Inverse of the normal distribution's cumulative function, by bisection over Abramowitz and Stegun 7.1.26. */
function quantile(share: number): number {
  const cumulative = (x: number): number => {
    const t = 1 / (1 + 0.3275911 * Math.abs(x / Math.SQRT2));
    const series =
      t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    const erf = 1 - series * Math.exp(-(x * x) / 2);
    return x >= 0 ? (1 + erf) / 2 : (1 - erf) / 2;
  };
  let [low, high] = [-6, 6];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (cumulative(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

describe('NF4', () => {
  it('has the levels that the paper derives: quantiles of a normal distribution, 8 below zero, 7 above, and zero', () => {
    // QLoRA's appendix E with the offset of its code: the mean of 1 - 1/32 and 1 - 1/30.
    const offset = (1 - 1 / 32 + (1 - 1 / 30)) / 2;
    const grid = (count: number): number[] =>
      Array.from({ length: count }, (_, index) => offset + ((0.5 - offset) * index) / count);
    const negative = grid(7).map((share) => -quantile(share));
    const positive = grid(8).map(quantile);
    const derived = [...negative, 0, ...positive].sort((a, b) => a - b);
    const largest = Math.max(...derived.map(Math.abs));
    expect(derived).toHaveLength(16);
    derived.forEach((level, index) => {
      expect(level / largest).toBeCloseTo(nf4Levels[index]!, 4);
    });
  });

  it('takes 4.127 bits a weight', () => {
    expect(nf4BitsPerWeight).toBeCloseTo(4.127, 3);
  });

  it('chooses the nearest level', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (value) => {
        const distances = nf4Levels.map((level) => Math.abs(level - value));
        expect(distances[nearestNf4(value)]).toBeCloseTo(Math.min(...distances), 12);
      }),
    );
  });

  it('gives back its own levels, zeros, and nothing beyond the largest of a block', () => {
    const block = Float32Array.from({ length: 64 }, (_, index) => 3 * (nf4Levels[index % 16] ?? 0));
    const back = dequantizeNf4(quantizeNf4(block, { isDouble: false }));
    back.forEach((value, index) => {
      expect(value).toBeCloseTo(block[index]!, 5);
    });
    expect(dequantizeNf4(quantizeNf4(new Float32Array(130)))).toEqual(new Float32Array(130));
    fc.assert(
      fc.property(weights, (values) => {
        const rounded = dequantizeNf4(quantizeNf4(values, { isDouble: false }));
        for (let from = 0; from < values.length; from += 64) {
          const largest = Math.max(...values.subarray(from, from + 64).map(Math.abs));
          values.subarray(from, from + 64).forEach((value, index) => {
            // Half the widest gap between levels: 0.152 of the largest.
            expect(Math.abs(value - rounded[from + index]!)).toBeLessThanOrEqual(0.1521 * largest);
          });
        }
      }),
    );
  });
});

describe('the 8-bit type of its scales', () => {
  it('has 256 levels, ascending, from -0.993 to 1, with zero', () => {
    expect(dynamicLevels).toHaveLength(256);
    expect(dynamicLevels).toEqual(dynamicLevels.toSorted());
    expect(dynamicLevels.at(-1)).toBe(1);
    expect(dynamicLevels[0]).toBeCloseTo(-0.99297, 5);
    expect(dynamicLevels).toContain(0);
    expect(new Set(dynamicLevels).size).toBe(256);
  });

  it('chooses the nearest level', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (value) => {
        let least = Infinity;
        for (const level of dynamicLevels) least = Math.min(least, Math.abs(level - value));
        expect(Math.abs(dynamicLevels[nearestDynamic(value)]! - value)).toBeCloseTo(least, 12);
      }),
    );
  });

  it('moves scales by little', () => {
    fc.assert(
      fc.property(weights, (values) => {
        const exact = quantizeNf4(values, { isDouble: false });
        const double = quantizeNf4(values);
        expect(double.codes).toEqual(exact.codes);
        const spread = Math.max(...exact.scales) - Math.min(...exact.scales);
        double.scales.forEach((scale, index) => {
          expect(Math.abs(scale - exact.scales[index]!)).toBeLessThanOrEqual(0.02 * spread + 1e-5);
        });
      }),
    );
  });
});
