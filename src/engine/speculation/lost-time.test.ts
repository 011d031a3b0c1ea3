import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../config/schema.ts';
import type { Decoder } from '../decoder.ts';
import type { Sequence } from '../sequence.ts';
import type { BatchEntry } from '../step-batch.ts';
import { createStepCost } from '../step-cost.ts';
import { createSpeculation } from './speculation.ts';

interface Machine {
  /** Milliseconds of a step by its tokens, as the curve says, */
  readonly foreseenMs: (tokenCount: number) => number;
  /** and as it is. */
  readonly trueMs: (tokenCount: number) => number;
}

/** The whole time of an answer that is known beforehand, over its time without drafts. */
function timeShare(prompt: readonly number[], answer: readonly number[], machine: Machine): number {
  const points = Array.from({ length: 17 }, (_, index) => ({
    tokenCount: index + 1,
    milliseconds: machine.foreseenMs(index + 1),
  }));
  const attention = [{ tokenCount: 1, readMsPerCell: 0, maskedMsPerCell: 0 }];
  const cost = createStepCost({ points, attention, readersApart: false });
  let clockMs = 0;
  const { classes } = defaultSettings.engine;
  const decoder = { prefixGranularity: 'token', batchTokenCount: 64 } as Decoder;
  const speculation = createSpeculation(
    { speculation: 'auto', draftModel: null, classes, now: () => clockMs },
    decoder,
    cost,
  );
  const all = [...prompt, ...answer];
  const tokens = all.slice(0, prompt.length + 1);
  const sequence = {
    tokens,
    computedCount: prompt.length,
    standing: 'default',
    request: {
      command: { speculation: null },
      promptTokenCount: prompt.length,
      draftedMs: 0,
      undraftedMs: 0,
    },
    choice: {
      get remainingTokenCount() {
        return all.length - tokens.length;
      },
    },
  } as unknown as Sequence;
  while (tokens.length < all.length) {
    const occasion = {
      freeCellCount: 1000,
      cellCount: tokens.length,
      targetMs: Infinity,
      hardLimitMs: Infinity,
    };
    const draft = speculation.draftsFor([sequence], occasion).get(sequence) ?? [];
    const wrong = draft.findIndex((token, index) => token !== all[tokens.length + index]);
    const acceptedCount = wrong < 0 ? draft.length : wrong;
    const milliseconds = machine.trueMs(1 + draft.length);
    clockMs += milliseconds;
    tokens.push(...all.slice(tokens.length, tokens.length + acceptedCount + 1));
    sequence.computedCount = tokens.length - 1;
    const work = { tokenCount: 1 + draft.length, readPairCount: 0, cellCount: 0 };
    speculation.note([{ sequence, draft, acceptedCount } as unknown as BatchEntry], work, milliseconds);
    cost.observe(work, milliseconds);
  }
  return clockMs / ((answer.length - 1) * machine.trueMs(1));
}

/** A step of 4 takes as long as 2.2 of one token, one of 16 as long as 4.6: a Q4_0 on two cores. */
const narrowMs = (tokenCount: number): number =>
  5 * (1 + 0.9 * Math.ceil(tokenCount / 4) * (tokenCount > 1 ? 1 : 0));
const asForeseen = { foreseenMs: narrowMs, trueMs: narrowMs };
/** Measured where nothing else ran. */
const dearer = { foreseenMs: narrowMs, trueMs: (count: number) => narrowMs(count) * (count > 1 ? 1.6 : 1) };
const texts = (alphabet: number, length: number) =>
  fc.array(fc.integer({ min: 0, max: alphabet - 1 }), { minLength: length, maxLength: length });

describe('the time that drafts take', () => {
  it.each([
    ['as foreseen', asForeseen],
    ['dearer than foreseen', dearer],
  ])('is hardly lost where a text only seems to repeat itself: %s', (_, machine) => {
    for (const alphabet of [4, 10, 40]) {
      fc.assert(
        fc.property(texts(alphabet, 40), texts(alphabet, 160), (prompt, answer) => {
          expect(timeShare(prompt, answer, machine)).toBeLessThan(1.05);
        }),
        { numRuns: 30 },
      );
    }
  });

  it('is saved where a text is copied', () => {
    fc.assert(
      fc.property(texts(1000, 120), (prompt) => {
        expect(timeShare(prompt, prompt, asForeseen)).toBeLessThan(0.5);
      }),
      { numRuns: 20 },
    );
  });
});
