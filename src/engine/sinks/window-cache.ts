import type { PrefixCache } from '../prefix-cache.ts';
import type { SlidingDecoder } from './sliding-decoder.ts';
import { defaultSinkTokenCount } from './window-layout.ts';
import { createParkedWindows, type WindowParking } from './window-parking.ts';

/**
 * The cells of windows that slide, in the place of the prefix cache: each sequence has a window to itself. Nothing is
 * found or shared, because a position belongs to its cell, and a cell that is shared must not be moved. A sequence that is
 * taken out leaves its whole window in host memory, for itself alone.
 */
export function createWindowCache(decoder: SlidingDecoder, parking: WindowParking | null): PrefixCache {
  const freeIds = Array.from({ length: decoder.sequenceCount }, (_, index) => index);
  const parked = createParkedWindows(parking);
  let offloadedTokenCount = 0;
  let restoredTokenCount = 0;
  return {
    probe(_salt, tokens) {
      const stream = parked.find(tokens);
      const matchedTokenCount = stream?.end ?? 0;
      return { matchedTokenCount, hostTokenCount: stream?.heldTokenCount ?? 0, idleTokenCount: 0 };
    },
    acquire(_salt, tokens, _mayPersist, keepTokenCount = defaultSinkTokenCount) {
      const sequence = freeIds.shift();
      if (sequence === undefined) return null;
      const stream = parked.find(tokens);
      parked.drop(tokens);
      if (stream !== null && decoder.restore(sequence, stream)) {
        restoredTokenCount += stream.heldTokenCount;
        return { sequence, cachedTokenCount: stream.end, tailTokenCount: 0 };
      }
      decoder.open(sequence, keepTokenCount);
      return { sequence, cachedTokenCount: 0, tailTokenCount: 0 };
    },
    publish: () => undefined,
    release({ sequence }) {
      decoder.close(sequence);
      freeIds.push(sequence);
    },
    park({ sequence }, tokens) {
      const isParked = parked.park(tokens, () => decoder.save(sequence));
      if (isParked) offloadedTokenCount += parked.find(tokens)?.heldTokenCount ?? 0;
    },
    forget: (tokens) => {
      parked.drop(tokens);
    },
    setTail(hold, tokenCount) {
      hold.tailTokenCount = tokenCount;
    },
    // A window never runs out of cells; only a failure could ask for more.
    makeRoom: (cellCount) => cellCount <= decoder.cellCount,
    makeHostRoom: () => false,
    offloadOverdue: () => 0,
    offloadIdle: () => false,
    disk: null,
    chargeIdle: () => undefined,
    get canResume() {
      return parked.hasRoom;
    },
    // For the scheduler: no stream is ever short of cells, however long it is.
    freeCellCount: Number.MAX_SAFE_INTEGER,
    idleCellCount: 0,
    get usedCellCount() {
      return decoder.usedCellCount;
    },
    sharedCellCount: 0,
    get offloadedTokenCount() {
      return offloadedTokenCount;
    },
    get restoredTokenCount() {
      return restoredTokenCount;
    },
    restoreMsPerToken: 0,
  };
}
