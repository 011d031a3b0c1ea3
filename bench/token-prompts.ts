import type { Vocabulary } from '../src/engine/llama/vocabulary.ts';
import { proseWords } from './prompts.ts';

/** Prompts of an exact length that differ from their first token on, so that nothing of them can be shared. */
export function distinctPrompts(vocabulary: Vocabulary, count: number, tokenCount: number): number[][] {
  return Array.from({ length: count }, (_, index) => {
    const text = proseWords(index, tokenCount).join(' ');
    const tokens = vocabulary.tokenize(text, { addSpecial: false, parseSpecial: false });
    // Any ordinary token: the middle of a vocabulary holds no control tokens.
    const first = Math.floor(vocabulary.tokenCount / 2) + index;
    return [first, ...tokens.subarray(0, tokenCount - 1)];
  });
}
