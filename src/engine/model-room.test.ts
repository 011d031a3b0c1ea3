import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasRoom, whoLeaves, type Holder } from './model-room.ts';

const holder = fc.record({
  bytes: fc.integer({ min: 1, max: 9 }),
  leaseCount: fc.nat(2),
  lastUsedAt: fc.nat(50),
  isLeaving: fc.boolean(),
});
const someHolders = fc
  .array(holder, { maxLength: 6 })
  .map((list): readonly Holder[] => list.map((one, index) => ({ ...one, id: String(index) })));
const someLimits = fc.record({
  memoryBytes: fc.integer({ min: 9, max: 30 }),
  count: fc.integer({ min: 1, max: 6 }),
});

it('those who leave make room for whatever fits alone, and none of them for nothing', () => {
  fc.assert(
    fc.property(someLimits, someHolders, fc.integer({ min: 1, max: 9 }), (limits, holders, bytes) => {
      const wish = { bytes, count: 1 } as const;
      const leaving = whoLeaves(limits, holders, wish, null);
      const staying = holders.filter(({ id, isLeaving }) => !isLeaving && !leaving.includes(id));
      expect(hasRoom(limits, staying, [], wish)).toBe(true);
      const last = holders.find(({ id }) => id === leaving.at(-1));
      if (last !== undefined) expect(hasRoom(limits, [...staying, last], [], wish)).toBe(false);
      // A busy one goes only where all idle ones do.
      const busyLeaves = leaving.some((id) => holders.find((one) => one.id === id)!.leaseCount > 0);
      if (busyLeaves) expect(staying.every(({ leaseCount }) => leaseCount > 0)).toBe(true);
    }),
  );
});

it('one that grows does not make room for itself', () => {
  const holders: Holder[] = [
    { id: 'a', bytes: 4, leaseCount: 0, lastUsedAt: 0, isLeaving: false },
    { id: 'b', bytes: 4, leaseCount: 1, lastUsedAt: 9, isLeaving: false },
  ];
  expect(whoLeaves({ memoryBytes: 9, count: 2 }, holders, { bytes: 2, count: 0 }, 'a')).toEqual(['b']);
  expect(hasRoom({ memoryBytes: 9, count: 2 }, holders, [], { bytes: 1, count: 0 })).toBe(true);
  expect(
    hasRoom({ memoryBytes: 9, count: 2 }, holders, [{ bytes: 1, count: 0 }], { bytes: 1, count: 0 }),
  ).toBe(false);
});
