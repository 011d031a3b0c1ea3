import type { DiskStore } from './disk-tier/disk-store.ts';
import type { PrefixDisk } from './prefix-disk.ts';
import type { EngineStats } from './protocol.ts';

type DiskFigures = Pick<
  EngineStats,
  'diskCacheBytes' | 'diskWrittenBytes' | 'diskReadTokenCount' | 'diskRejectedCount'
>;

/** The disk's part of the gauges and counters; all 0 where there is none. */
export function diskFigures(store: DiskStore | null, prefixes: PrefixDisk | null): DiskFigures {
  return {
    diskCacheBytes: store?.usedBytes ?? 0,
    diskWrittenBytes: store?.writtenBytes ?? 0,
    diskReadTokenCount: prefixes?.readTokenCount ?? 0,
    diskRejectedCount: store?.rejectedCount ?? 0,
  };
}
