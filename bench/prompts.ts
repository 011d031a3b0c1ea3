import { seededRandom } from '../src/random/seeded-random.ts';

const subjects =
  'the agent|a customer|our team|the manager|an engineer|the driver|a student|the captain'.split('|');
const verbs = 'checks|writes|answers|brings|repairs|moves|counts|describes|sends|opens'.split('|');
const objects =
  'the order|a letter|the old bridge|a small garden|the report|the blue lamp|a map|the ticket'.split('|');
const places =
  'in the morning|near the river|at the station|after lunch|before the meeting|on the hill'.split('|');

/**
 * Plain prose words; the seed stands in the first ones, so that texts of different seeds share no prefix worth
 * the name.
 */
export function proseWords(seed: number, wordCount: number): string[] {
  const random = seededRandom(seed);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  const words = [`Case ${seed}.`];
  while (words.length < wordCount) {
    const sentence = `${pick(subjects)} ${pick(verbs)} ${pick(objects)} ${pick(places)}.`.split(' ');
    words.push(...sentence);
  }
  return words.slice(0, wordCount);
}

/**
 * The longest prose of a seed that is at most `tokenCount` tokens.
 * @param count the model's tokenizer; a dozen calls
 */
export async function proseOfTokens(
  seed: number,
  tokenCount: number,
  count: (text: string) => Promise<number>,
): Promise<string> {
  // A word is at least one token, so `tokenCount` words are enough to choose from.
  const words = proseWords(seed, tokenCount);
  let fits = 1;
  let tooMany = words.length + 1;
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if ((await count(words.slice(0, middle).join(' '))) <= tokenCount) fits = middle;
    else tooMany = middle;
  }
  return words.slice(0, fits).join(' ');
}
