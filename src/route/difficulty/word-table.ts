import table from './words.json' with { type: 'json' };

/** What is known of a word by itself. */
export interface WordEntry {
  /** 1: the most frequent word of English. */
  readonly rank: number;
  /** How much more it has to do with work and special knowledge than with what everybody knows, in standard deviations. */
  readonly demand: number;
}

/** A demand is kept as one character: this one is 0, */
export const scoreZero = 80;
/** and the next one is so much more. */
export const scoreStep = 0.125;

let entries: ReadonlyMap<string, WordEntry> | null = null;

/** Of some 21,700 English words in lower case; some milliseconds at the first call. scripts/word-demands.ts made the table. */
export function findWord(word: string): WordEntry | undefined {
  entries ??= new Map(
    table.words
      .split(' ')
      .map((one, at) => [
        one,
        { rank: at + 1, demand: (table.demands.charCodeAt(at) - scoreZero) * scoreStep },
      ]),
  );
  return entries.get(word);
}
