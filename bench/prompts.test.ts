import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proseOfTokens, proseWords } from './prompts.ts';

/** A tokenizer of two tokens for words of more than four letters. */
const count = async (text: string): Promise<number> =>
  text.split(' ').reduce((sum, word) => sum + (word.length > 4 ? 2 : 1), 0);

describe('prompts', () => {
  it('is the same text for the same seed and parts early for another', () => {
    expect(proseWords(7, 40)).toEqual(proseWords(7, 40));
    expect(proseWords(7, 40)[0]).not.toEqual(proseWords(8, 40)[0]);
  });

  it('comes as close to the asked number of tokens as one word allows, never over', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 10, max: 400 }),
        async (seed, size) => {
          const tokens = await count(await proseOfTokens(seed, size, count));
          expect(tokens).toBeLessThanOrEqual(size);
          expect(tokens).toBeGreaterThanOrEqual(size - 1);
        },
      ),
      { numRuns: 50 },
    );
  });
});
