import { describe, expect, it } from 'vitest';
import { createHostStore } from '../host-store.ts';
import type { SavedStream } from './sliding-decoder.ts';
import { createParkedWindows } from './window-parking.ts';

function saved(byteCount: number): SavedStream {
  const data = new Uint8Array(byteCount);
  return { data, keepTokenCount: 4, end: 90, heldTokenCount: 40, discardCount: 2 };
}

/** A host tier that is full of prefixes, which leave byte by byte. */
function fullHost(budgetBytes: number) {
  const host = createHostStore(budgetBytes);
  const prefixes = Array.from({ length: budgetBytes }, () => host.add(new Uint8Array(1), 0, 1, [1]));
  const makeRoom = (byteCount: number): boolean => {
    while (!host.fits(byteCount)) {
      const prefix = prefixes.pop();
      if (prefix === undefined) return false;
      host.release(prefix);
    }
    return true;
  };
  return { host, makeRoom };
}

describe('windows that step aside', () => {
  it('find room where what is saved is a little larger than its cells, and prefixes fill the tier', () => {
    const { host, makeRoom } = fullHost(100);
    const parked = createParkedWindows({ host, makeRoom, windowBytes: 40 });
    const tokens = [1, 2, 3];
    expect(parked.park(tokens, () => saved(43))).toBe(true);
    expect(parked.find(tokens)?.end).toBe(90);
    expect(host.usedBytes).toBe(100);
    parked.drop(tokens);
    expect(host.usedBytes).toBe(57);
  });

  it('are known to be too large once one was, so that no other is taken out for nothing', () => {
    const { host, makeRoom } = fullHost(41);
    const parked = createParkedWindows({ host, makeRoom, windowBytes: 40 });
    expect(parked.hasRoom).toBe(true);
    expect(parked.park([1], () => saved(43))).toBe(false);
    expect(parked.hasRoom).toBe(false);
  });
});
