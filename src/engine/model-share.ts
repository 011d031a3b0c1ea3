import type { MemoryNeed } from '../plan/model-memory.ts';
import type { EngineUse } from './local-model.ts';

/**
 * What is set aside for a model in memory: its weights and cache, and each context of its own that a request has asked
 * for. That for embeddings stays; that for windows that slide is closed by the child after a while.
 */
export interface ModelShare {
  readonly bytes: number;
  readonly uses: readonly EngineUse[];
  /** What a use would add now; 0 where it is set aside already. */
  extraBytes(use: EngineUse): number;
  add(use: EngineUse): void;
  /** Until the returned function is called, the use's context is not given back. */
  hold(use: EngineUse): () => void;
  /** Takes back what a closed context was set aside for. @param sinksCellCount what the child says; `null` = nothing */
  reclaim(sinksCellCount: number | null): void;
}

/** Figures of the child are this much late at most. */
const settlingMs = 2_000;

export function createModelShare(need: MemoryNeed, firstUse: EngineUse, now: () => number): ModelShare {
  const extras = new Set<EngineUse>([firstUse]);
  let sinksHolderCount = 0;
  let sinksHeldAt = now();
  return {
    get bytes() {
      let bytes = need.totalBytes;
      for (const use of extras) bytes += extraBytesOf(need, use);
      return bytes;
    },
    get uses() {
      return [...extras];
    },
    extraBytes: (use) => (extras.has(use) ? 0 : extraBytesOf(need, use)),
    add(use) {
      extras.add(use);
    },
    hold(use) {
      if (use !== 'sinks') return () => undefined;
      sinksHolderCount++;
      return () => {
        sinksHolderCount--;
        sinksHeldAt = now();
      };
    },
    reclaim(sinksCellCount) {
      if (sinksHolderCount === 0 && sinksCellCount === 0 && now() - sinksHeldAt > settlingMs) {
        extras.delete('sinks');
      }
    },
  };
}

/** What a use takes beyond the model itself. */
export function extraBytesOf(need: MemoryNeed, use: EngineUse): number {
  switch (use) {
    case 'answer':
      return 0;
    case 'embed':
      return need.embeddingBytes;
    case 'sinks':
      return need.sinksBytes;
  }
}

/** A model with a use. */
export function bytesFor(need: MemoryNeed, use: EngineUse): number {
  return need.totalBytes + extraBytesOf(need, use);
}

/** The further contexts of some uses, by the names that people are told. */
export function extrasOf(
  need: MemoryNeed,
  uses: readonly EngineUse[],
): readonly { readonly name: string; readonly bytes: number }[] {
  const names = { embed: 'embeddings', sinks: 'windows that slide' } as const;
  return uses.flatMap((use) =>
    use === 'answer' ? [] : [{ name: names[use], bytes: extraBytesOf(need, use) }],
  );
}
