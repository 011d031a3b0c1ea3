import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neutralSampling, type SamplingOptions } from '../../chat/sampling.ts';
import { createPenalties } from './penalties.ts';

const vocabTokenCount = 6;
const token = fc.nat(vocabTokenCount - 1);

/** The definition, from the whole history each time. */
function reference(
  logits: Float32Array,
  options: SamplingOptions,
  prompt: readonly number[],
  answer: readonly number[],
): Float32Array {
  const all = [...prompt, ...answer];
  const first = options.penaltyWindow < 0 ? 0 : Math.max(0, all.length - options.penaltyWindow);
  const window = all.slice(first);
  const generated = answer.slice(Math.max(0, first - prompt.length));
  return logits.map((logit, id) => {
    const bias = options.logitBias.get(id) ?? 0;
    let value = bias <= -100 ? -Infinity : Math.fround(logit + bias);
    if (window.includes(id)) {
      const penalty = options.repetitionPenalty;
      value = Math.fround(value > 0 ? value / penalty : value * penalty);
    }
    const occurrences = generated.filter((other) => other === id).length;
    if (occurrences > 0) value -= options.presencePenalty + options.frequencyPenalty * occurrences;
    return value;
  });
}

describe('createPenalties', () => {
  it('penalizes what the window holds, as the definition does', () => {
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 10 }),
        fc.array(token, { maxLength: 15 }),
        fc.record({
          repetitionPenalty: fc.constantFrom(1, 0.5, 1.25, 2),
          presencePenalty: fc.constantFrom(0, 0.5, -1),
          frequencyPenalty: fc.constantFrom(0, 0.25, -0.5),
          penaltyWindow: fc.integer({ min: -1, max: 12 }),
          logitBias: fc.constantFrom(
            new Map<number, number>(),
            new Map([
              [1, 2],
              [2, -100],
            ]),
          ),
        }),
        (prompt, answer, changes) => {
          const options: SamplingOptions = { ...neutralSampling, ...changes };
          const penalties = createPenalties(options, prompt);
          for (const taken of answer) penalties.accept(taken);
          const logits = Float32Array.of(2, 1, -1, 0.5, -2, 0);
          const expected = reference(logits, options, prompt, answer);
          const isIdle = penalties.isIdle();
          penalties.apply(logits);
          expect([...logits].map((value) => value.toFixed(4))).toEqual(
            [...expected].map((value) => value.toFixed(4)),
          );
          if (isIdle) expect(logits).toEqual(Float32Array.of(2, 1, -1, 0.5, -2, 0));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
