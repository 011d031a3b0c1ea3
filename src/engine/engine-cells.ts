import type { EngineSetup } from './engine-setup.ts';
import type { HostStore } from './host-store.ts';
import { createPrefixCache, type PrefixCache } from './prefix-cache.ts';
import { createPrivateCells } from './private-cells.ts';
import { createWindowCache } from './sinks/window-cache.ts';

/** Who holds which cells: windows that slide, sequences that share nothing, or prefixes that all share. */
export function createEngineCells(setup: EngineSetup, host: HostStore): PrefixCache {
  const { decoder, disk, now, wake } = setup;
  if (setup.window !== undefined) return createWindowCache(setup.window, setup.parking ?? null);
  if (decoder.prefixGranularity === 'none') return createPrivateCells(decoder);
  return createPrefixCache({ decoder, host, disk, onDiskChange: wake, now });
}
