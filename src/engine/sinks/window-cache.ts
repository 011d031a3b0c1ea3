import type { PrefixCache } from '../prefix-cache.ts';
import type { SlidingDecoder } from './sliding-decoder.ts';
import { defaultSinkTokenCount } from './window-layout.ts';

/**
 * The cells of windows that slide, in the place of the prefix cache: each sequence has a window to itself. Nothing is
 * found, shared or kept, because a position belongs to its cell, and a cell that is shared must not be moved.
 */
export function createWindowCache(decoder: SlidingDecoder): PrefixCache {
  const freeIds = Array.from({ length: decoder.sequenceCount }, (_, index) => index);
  return {
    probe: () => ({ matchedTokenCount: 0, hostTokenCount: 0, idleTokenCount: 0 }),
    acquire(_salt, _tokens, _mayPersist, keepTokenCount = defaultSinkTokenCount) {
      const sequence = freeIds.shift();
      if (sequence === undefined) return null;
      decoder.open(sequence, keepTokenCount);
      return { sequence, cachedTokenCount: 0, tailTokenCount: 0 };
    },
    publish: () => undefined,
    release({ sequence }) {
      decoder.close(sequence);
      freeIds.push(sequence);
    },
    setTail(hold, tokenCount) {
      hold.tailTokenCount = tokenCount;
    },
    // A window never runs out of cells; only a failure could ask for more.
    makeRoom: (cellCount) => cellCount <= decoder.cellCount,
    offloadOverdue: () => 0,
    offloadIdle: () => false,
    disk: null,
    chargeIdle: () => undefined,
    canResume: false,
    // For the scheduler: no stream is ever short of cells, however long it is.
    freeCellCount: Number.MAX_SAFE_INTEGER,
    idleCellCount: 0,
    get usedCellCount() {
      return decoder.usedCellCount;
    },
    sharedCellCount: 0,
    offloadedTokenCount: 0,
    restoredTokenCount: 0,
    restoreMsPerToken: 0,
  };
}
