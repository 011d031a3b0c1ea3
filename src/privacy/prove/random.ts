/** From 0 up to 1, the same for the same seed: mulberry32 (T. Ettinger, public domain). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

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
