import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenLogprobs } from './logprobs.ts';

describe('tokenLogprobs', () => {
  it('is the log-softmax, with the likeliest tokens in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.nat(20),
        fc.nat(49),
        (numbers, topCount, place) => {
          const logits = Float32Array.from(numbers);
          const token = place % logits.length;
          const max = Math.max(...logits);
          const logTotal = max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
          const { logprob, top } = tokenLogprobs(logits, token, topCount);
          expect(logprob).toBeCloseTo(logits[token]! - logTotal, 8);
          const order = [...logits.keys()].sort(
            (left, right) => logits[right]! - logits[left]! || left - right,
          );
          expect(top.map((entry) => entry.token)).toEqual(order.slice(0, topCount));
          for (const entry of top) expect(entry.logprob).toBeCloseTo(logits[entry.token]! - logTotal, 8);
        },
      ),
    );
  });
});
