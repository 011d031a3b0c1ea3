import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oldestEntryOf } from './oldest-entry.ts';

const steps = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant('put' as const), key: fc.nat(12) }),
    fc.record({ what: fc.constant('again' as const), key: fc.nat(12) }),
    fc.record({ what: fc.constant('delete' as const), key: fc.nat(12) }),
    fc.record({ what: fc.constant('forget' as const), key: fc.constant(0) }),
  ),
  { maxLength: 200 },
);

describe('the oldest entry', () => {
  test('is the one that a new iterator would find, whatever happens between', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const map = new Map<number, null>();
        const expected = new Map<number, null>();
        const oldest = oldestEntryOf(map);
        for (const { what, key } of all) {
          if (what === 'forget') {
            oldest.forget();
            const [first] = expected.keys();
            if (first !== undefined) expected.delete(first);
            continue;
          }
          for (const one of [map, expected]) {
            if (what !== 'put') one.delete(key);
            if (what !== 'delete') one.set(key, null);
          }
        }
        expect([...map.keys()]).toEqual([...expected.keys()]);
      }),
    );
  });

  test('is found among many that come and go', () => {
    const map = new Map<number, null>();
    const oldest = oldestEntryOf(map);
    for (let key = 0; key < 5_000; key++) {
      map.set(key, null);
      if (map.size > 100) oldest.forget();
    }
    expect([...map.keys()]).toEqual(Array.from({ length: 100 }, (_, index) => 4_900 + index));
  });
});
