import type { Decoder } from './decoder.ts';
import type { CellHold } from './cell-hold.ts';
import type { PrefixCache } from './prefix-cache.ts';

/**
 * The cells of a pool in which sequences share nothing: each has its own, and they are free when it ends. Stands in the
 * place of the prefix cache where the decoder's granularity is `none`.
 */
export function createPrivateCells(decoder: Decoder): PrefixCache {
  const freeIds = Array.from(
    { length: decoder.sequenceCount },
    (_, index) => decoder.sequenceCount - 1 - index,
  );
  let usedCellCount = 0;

  function setTail(hold: CellHold, tokenCount: number): void {
    usedCellCount += tokenCount - hold.tailTokenCount;
    hold.tailTokenCount = tokenCount;
  }

  return {
    probe: () => ({ matchedTokenCount: 0, hostTokenCount: 0, idleTokenCount: 0 }),
    acquire() {
      const sequence = freeIds.pop();
      if (sequence === undefined) return null;
      return { sequence, cachedTokenCount: 0, tailTokenCount: 0 };
    },
    publish: (hold, _tokens, computedCount) => {
      setTail(hold, computedCount);
    },
    release(hold) {
      setTail(hold, 0);
      decoder.removeSequence(hold.sequence, -1, -1);
      freeIds.push(hold.sequence);
    },
    setTail,
    makeRoom: (cellCount) => decoder.cellCount - usedCellCount >= cellCount,
    makeHostRoom: () => false,
    offloadOverdue: () => 0,
    offloadIdle: () => false,
    disk: null,
    canResume: false,
    chargeIdle: () => undefined,
    get freeCellCount() {
      return decoder.cellCount - usedCellCount;
    },
    idleCellCount: 0,
    get usedCellCount() {
      return usedCellCount;
    },
    sharedCellCount: 0,
    offloadedTokenCount: 0,
    restoredTokenCount: 0,
    restoreMsPerToken: 0,
  };
}
