import type { Random } from '../../random/seeded-random.ts';

/** @throws RangeError of an empty list */
export function oneOf<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('expected at least one item');
  return item;
}

export function letters(random: Random, count: number, alphabet = 'abcdefghijklmnopqrstuvwxyz'): string {
  return Array.from({ length: count }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join(
    '',
  );
}
