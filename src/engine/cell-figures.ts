import type { Decoder } from './decoder.ts';
import type { HostStore } from './host-store.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { EngineStats } from './protocol.ts';

type CellFigures = Pick<
  EngineStats,
  | 'cellCount'
  | 'usedCellCount'
  | 'sharedCellCount'
  | 'idleCellCount'
  | 'hostCacheBytes'
  | 'offloadedTokenCount'
  | 'restoredTokenCount'
>;

/** The part of the gauges and counters that tells of the pool and of host memory. */
export function cellFigures(decoder: Decoder, cache: PrefixCache, host: HostStore): CellFigures {
  return {
    cellCount: decoder.cellCount,
    usedCellCount: cache.usedCellCount,
    sharedCellCount: cache.sharedCellCount,
    idleCellCount: cache.idleCellCount,
    hostCacheBytes: host.usedBytes,
    offloadedTokenCount: cache.offloadedTokenCount,
    restoredTokenCount: cache.restoredTokenCount,
  };
}
