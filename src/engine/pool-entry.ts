import type { ModelFacts } from '../chat/model.ts';
import type { MemoryNeed } from '../plan/model-memory.ts';
import type { RunningModel } from './local-models.ts';
import type { ModelShare } from './model-share.ts';
import type { Supervisor } from './supervisor.ts';

/** A model in memory, as the pool keeps it. */
export interface PoolEntry {
  readonly id: string;
  readonly path: string;
  readonly facts: ModelFacts;
  readonly engine: Supervisor;
  readonly need: MemoryNeed;
  readonly share: ModelShare;
  readonly bytes: number;
  leaseCount: number;
  lastUsedAt: number;
  keepAliveSeconds: number;
  expiry: NodeJS.Timeout | null;
  expiresAt: Date | null;
  /** Set when it is to go: it takes no new requests and closes after its last answer. */
  isLeaving: boolean;
  closing: Promise<void> | null;
}

const longestTimerMs = 2 ** 31 - 1;

interface Listed {
  readonly facts: ModelFacts;
  readonly adapter?: { readonly facts: ModelFacts };
}

/** What is known of a model, with the context that the loaded engine really gives. */
export function factsOf(found: Listed, entry: PoolEntry | undefined): ModelFacts {
  const facts = found.adapter?.facts ?? found.facts;
  const contextTokenCount = entry?.engine.loaded?.contextTokenCount;
  return contextTokenCount === undefined ? facts : { ...facts, contextTokenCount };
}

export function toRunningModel(entry: PoolEntry): RunningModel | null {
  const { state, loaded, stats, restartCount, processId } = entry.engine;
  if (state === 'failed' || state === 'closed') return null;
  // While it answers its time has not begun: as if it ended now.
  const endingNow = entry.keepAliveSeconds < 0 ? null : new Date(Date.now() + keepAliveMs(entry));
  return {
    id: entry.id,
    state,
    loaded,
    stats,
    expiresAt: entry.expiresAt ?? endingNow,
    restartCount,
    processId,
  };
}

/** How long it stays after its last answer, as timers take it. */
export function keepAliveMs(entry: PoolEntry): number {
  return Math.min(entry.keepAliveSeconds * 1_000, longestTimerMs);
}
