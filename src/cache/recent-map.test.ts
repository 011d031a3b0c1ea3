import { describe, expect, test } from 'vitest';
import { RecentMap } from './recent-map.ts';

const valueOf = (key: number): { readonly key: number } => ({ key });

describe('a map of what is recent', () => {
  test('has the last half of its limit, and never more than all of it', () => {
    const map = new RecentMap<number, { readonly key: number }>(10);
    for (let last = 0; last < 100; last++) {
      map.set(last, valueOf(last));
      const known = Array.from({ length: last + 1 }, (_, key) => key);
      // Asked in order, each moves others on: a copy is asked.
      const copy = new RecentMap<number, { readonly key: number }>(10);
      for (const key of known) copy.set(key, valueOf(key));
      for (const key of known.slice(-5)) expect(copy.get(key)).toEqual(valueOf(key));
      expect(copy.get(last - 10)).toBeUndefined();
    }
    expect(map.get(99)).toEqual(valueOf(99));
  });

  test('keeps what is asked for again and again', () => {
    const map = new RecentMap<number, { readonly key: number }>(10);
    map.set(-1, valueOf(-1));
    for (let key = 0; key < 1_000; key++) {
      map.set(key, valueOf(key));
      expect(map.get(-1)).toEqual(valueOf(-1));
    }
    expect(map.get(0)).toBeUndefined();
  });
});
