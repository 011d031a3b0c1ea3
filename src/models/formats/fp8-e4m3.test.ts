import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dequantizeE4m3, e4m3Values, encodeE4m3, quantizeE4m3 } from './fp8-e4m3.ts';

describe('FP8 E4M3', () => {
  it("has the paper's numbers (table 1)", () => {
    expect(e4m3Values[0b0_1111_110]).toBe(448);
    expect(e4m3Values[0b0_1111_111]).toBeNaN();
    expect(e4m3Values[0b1_1111_111]).toBeNaN();
    expect(e4m3Values[0b0_0001_000]).toBe(2 ** -6);
    expect(e4m3Values[0b0_0000_111]).toBe(0.875 * 2 ** -6);
    expect(e4m3Values[0b0_0000_001]).toBe(2 ** -9);
    expect(e4m3Values[0]).toBe(0);
    expect([...e4m3Values].filter(Number.isNaN)).toHaveLength(2);
  });

  it('gives every number back as itself', () => {
    for (let bits = 0; bits < 256; bits++) {
      if (!Number.isNaN(e4m3Values[bits])) expect(encodeE4m3(e4m3Values[bits]!)).toBe(bits);
    }
  });

  it('rounds to the nearest, at a middle to the even one, and beyond 464 to no number', () => {
    const finite = [...e4m3Values].filter((value) => !Number.isNaN(value));
    fc.assert(
      fc.property(fc.double({ min: -448, max: 448, noNaN: true }), (value) => {
        const distance = Math.abs(e4m3Values[encodeE4m3(value)]! - value);
        expect(distance).toBe(Math.min(...finite.map((one) => Math.abs(one - value))));
      }),
    );
    expect(e4m3Values[encodeE4m3(1.0625)]).toBe(1);
    expect(e4m3Values[encodeE4m3(1.1875)]).toBe(1.25);
    expect(e4m3Values[encodeE4m3(464)]).toBe(448);
    expect([464.1, -464.1, Infinity, NaN].map((value) => e4m3Values[encodeE4m3(value)])).toEqual([
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
    expect(encodeE4m3(-0)).toBe(128);
  });

  it('scales a tensor so that its largest is 448, and loses at most a sixteenth of what is not tiny', () => {
    const values = fc.array(
      fc.integer({ min: -2_000_000, max: 2_000_000 }).map((value) => value / 1e6),
      {
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(values, (list) => {
        const weights = Float32Array.from(list);
        const rounded = dequantizeE4m3(quantizeE4m3(weights));
        const largest = Math.max(...weights.map(Math.abs));
        weights.forEach((weight, index) => {
          const error = Math.abs(weight - rounded[index]!);
          expect(error).toBeLessThanOrEqual(Math.max(Math.abs(weight) / 15.9, largest / 448 / 2 ** 9));
        });
      }),
    );
    expect(quantizeE4m3(new Float32Array(3)).codes).toEqual(new Uint8Array(3));
  });
});
