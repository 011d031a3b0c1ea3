import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeHalf, halfValues } from './float16.ts';

it('gives every half back as itself', () => {
  const values = halfValues();
  expect(values[0x3c00]).toBe(1);
  expect(values[0x7bff]).toBe(65_504);
  expect(values[0x0001]).toBe(2 ** -24);
  for (let bits = 0; bits < 65_536; bits++) {
    const value = values[bits]!;
    if (Number.isNaN(value)) expect(encodeHalf(value) & 0x7c00).toBe(0x7c00);
    else expect(encodeHalf(value)).toBe(bits);
  }
});

it('rounds to the nearest, at a middle to the even one, beyond its range to infinity', () => {
  const values = halfValues();
  fc.assert(
    fc.property(
      fc.double({ min: -65_000, max: 65_000, noNaN: true }),
      fc.integer({ min: -30, max: 0 }),
      (large, power) => {
        const value = Math.fround(large * 2 ** power);
        const bits = encodeHalf(value);
        const error = Math.abs(values[bits]! - value);
        for (const neighbour of [bits - 1, bits + 1]) {
          const other = values[neighbour & 0xffff]!;
          if (Number.isFinite(other)) expect(error).toBeLessThanOrEqual(Math.abs(other - value));
        }
      },
    ),
  );
  expect(values[encodeHalf(1 + 2 ** -11)]).toBe(1);
  expect(values[encodeHalf(1 + 3 * 2 ** -11)]).toBe(1 + 2 ** -9);
  expect([65_519, 65_520, -1e9, 2 ** -25, 3 * 2 ** -26].map((value) => values[encodeHalf(value)])).toEqual([
    65_504,
    Infinity,
    -Infinity,
    0,
    2 ** -24,
  ]);
});
