import { createRandom } from '../../engine/sampling/random.ts';

/**
 * Which fold each prompt is in. The same question is in one fold only, however often it comes.
 * @param groups what must not be divided, e.g. the prompt itself; one for each
 * @returns 0 to foldCount - 1 for each, folds as even as the groups allow
 */
export function assignFolds(groups: readonly string[], foldCount: number, seed: number): Uint8Array {
  const distinct = [...new Set(groups)];
  const random = createRandom(seed);
  for (let index = distinct.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const kept = distinct[index] ?? '';
    distinct[index] = distinct[other] ?? '';
    distinct[other] = kept;
  }
  const foldOf = new Map(distinct.map((group, index) => [group, index % foldCount]));
  return Uint8Array.from(groups, (group) => foldOf.get(group) ?? 0);
}

/** What is the same question: capitals and spaces aside. */
export function questionKey(prompt: string): string {
  return prompt.toLowerCase().replace(/\s+/g, ' ').trim();
}
