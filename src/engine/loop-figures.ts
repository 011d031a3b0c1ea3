import type { AdapterGroups } from './adapter-groups.ts';
import { cellFigures } from './cell-figures.ts';
import type { ClassFigures } from './class-figures.ts';
import type { Decoder } from './decoder.ts';
import { diskFigures } from './disk-figures.ts';
import type { DiskStore } from './disk-tier/disk-store.ts';
import type { HostStore } from './host-store.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { LoopStats } from './protocol.ts';
import type { Speculation } from './speculation/speculation.ts';

/** What the step loop counts itself; only grows. */
export interface LoopCounts {
  step: number;
  /** Tokens of the last batch: a gauge. */
  lastBatch: number;
  prompt: number;
  cached: number;
  completion: number;
  /** Of these, tokens that were not drawn, because a grammar left no choice. */
  forced: number;
  preemption: number;
}

export interface LoopParts {
  readonly decoder: Decoder;
  readonly cache: PrefixCache;
  readonly host: HostStore;
  readonly disk: DiskStore | null;
  readonly speculation: Pick<Speculation, 'stats'>;
  readonly figures: ClassFigures;
  readonly counts: LoopCounts;
  readonly groups: AdapterGroups;
}

/** All gauges and counters of the loop, for the gateway. */
export function loopFigures(
  { decoder, cache, host, disk, speculation, figures, counts, groups }: LoopParts,
  now: Pick<LoopStats, 'queuedCount' | 'runningCount'>,
): LoopStats {
  return {
    ...now,
    stepCount: counts.step,
    lastBatchTokenCount: counts.lastBatch,
    promptTokenCount: counts.prompt,
    cachedTokenCount: counts.cached,
    completionTokenCount: counts.completion,
    forcedTokenCount: counts.forced,
    preemptionCount: counts.preemption,
    adapterSwitchCount: groups.switchCount,
    adapterSwitchMs: groups.switchMs,
    ...cellFigures(decoder, cache, host),
    ...diskFigures(disk, cache.disk),
    ...speculation.stats,
    classes: figures.stats,
  };
}
