import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NearfarError } from '../../chat/error.ts';
import { argmax } from './argmax.ts';

describe('argmax', () => {
  it('is the lowest index of the largest value', () => {
    const values = fc.oneof(
      fc.float({ noNaN: true, min: -50, max: 50 }),
      fc.integer({ min: -3, max: 3 }),
      fc.constant(-Infinity),
    );
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 70 }), (numbers) => {
        const logits = Float32Array.from([0, ...numbers]);
        expect(argmax(logits)).toBe(logits.indexOf(Math.max(...logits)));
      }),
    );
  });

  it('refuses NaN wherever it stands, Infinity, and nothing finite', () => {
    for (let place = 0; place < 11; place += 1) {
      const logits = Float32Array.from({ length: 11 }, (_, index) => (index === place ? NaN : index - 5));
      expect(() => argmax(logits)).toThrow(NearfarError);
      expect(() => argmax(logits.toReversed())).toThrow(NearfarError);
    }
    expect(() => argmax(Float32Array.of(1, Infinity, 2))).toThrow('Infinity');
    expect(() => argmax(Float32Array.of(-Infinity, -Infinity))).toThrow('no finite');
    expect(() => argmax(new Float32Array())).toThrow(NearfarError);
  });
});
