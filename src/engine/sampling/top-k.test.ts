import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectTopK } from './top-k.ts';

describe('selectTopK', () => {
  it('finds the largest, of equal ones the first', () => {
    const logit = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.constant(-Infinity));
    fc.assert(
      fc.property(fc.array(logit, { maxLength: 120 }), fc.integer({ min: 1, max: 130 }), (numbers, limit) => {
        const logits = Float32Array.from(numbers);
        const ids = new Int32Array(130);
        const values = new Float64Array(130);
        const count = selectTopK(logits, limit, ids, values);
        const found = [...ids.subarray(0, count)];
        const order = [...logits.keys()]
          .filter((id) => logits[id]! > -Infinity)
          .sort((left, right) => logits[right]! - logits[left]! || left - right);
        expect(new Set(found)).toEqual(new Set(order.slice(0, limit)));
        expect(count).toBe(Math.min(limit, order.length));
        found.forEach((id, slot) => {
          expect(values[slot]).toBe(logits[id]);
        });
      }),
      { numRuns: 500 },
    );
  });
});
