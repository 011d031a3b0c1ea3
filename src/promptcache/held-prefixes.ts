import { oldestEntryOf } from '../cache/oldest-entry.ts';
import type { Usage } from '../chat/part.ts';
import type { LifetimeRule } from './cache-rules.ts';

/** What providers are believed to hold, corrected by what they say they read and wrote. */
export interface HeldPrefixes {
  /** Null: nothing of exactly this prefix. */
  lifetimeOf(modelId: string, hash: string, at: number): LifetimeRule | null;
  /** The provider's tokens for one of ours: ours are estimated. */
  tokenScale(modelId: string): number;
  /** A prefix that was marked and neither read nor written was too short, whatever is documented. */
  learntMinimum(modelId: string): number;
  learn(outcome: CacheOutcome): void;
}

export interface CacheOutcome {
  readonly modelId: string;
  readonly estimatedTokenCount: number;
  readonly usage: Usage;
  /** When it was asked, milliseconds since the epoch. */
  readonly sentAt: number;
  readonly expectedReadCount: number;
  /** In order of depth, as the next ones. */
  readonly marks: readonly (PrefixEnd & { readonly lifetime: LifetimeRule })[];
  /** Of the whole prompt. */
  readonly ends: readonly PrefixEnd[];
}

interface PrefixEnd {
  readonly hash: string;
  /** Estimated. */
  readonly tokenCount: number;
}

interface Held {
  readonly lifetime: LifetimeRule;
  readonly until: number;
}

const heldLimit = 20_000;
const modelLimit = 500;
/** Estimated tokens after which the provider's own counts outweigh the estimate. */
const trustedTokenCount = 2_000;
/** Its clock starts about when we ask. */
const marginMs = 5_000;
/** Estimated counts meet the provider's only roughly. */
const slack = 1.02;

export function createHeldPrefixes(): HeldPrefixes {
  const held = new Map<string, Held>();
  const oldest = oldestEntryOf(held);
  const scales = new Map<string, { estimated: number; told: number }>();
  const minimums = new Map<string, number>();

  function hold(name: string, entry: Held): void {
    held.delete(name);
    held.set(name, entry);
    if (held.size > heldLimit) oldest.forget();
  }

  function scaleOf(modelId: string): number {
    const { estimated, told } = scales.get(modelId) ?? { estimated: 0, told: 0 };
    return Math.min(3, Math.max(1 / 3, (told + trustedTokenCount) / (estimated + trustedTokenCount)));
  }

  function count(modelId: string, estimated: number, told: number): void {
    const known = scales.get(modelId) ?? { estimated: 0, told: 0 };
    // Old counts fade, for a model's tokenizer may change behind its name.
    const keep = known.estimated > 1_000_000 ? 0.5 : 1;
    scales.set(modelId, { estimated: known.estimated * keep + estimated, told: known.told * keep + told });
    forgetBeyond(scales, modelLimit);
  }

  return {
    tokenScale: scaleOf,
    learntMinimum: (modelId) => minimums.get(modelId) ?? 0,
    lifetimeOf(modelId, hash, at) {
      const entry = held.get(`${modelId}|${hash}`);
      return entry === undefined || entry.until <= at ? null : entry.lifetime;
    },
    learn({ modelId, estimatedTokenCount, usage, sentAt, expectedReadCount, marks, ends }) {
      const { promptTokenCount, cachedTokenCount: read } = usage;
      if (promptTokenCount > 0) count(modelId, estimatedTokenCount, promptTokenCount);
      const written = (usage.cacheWriteTokenCount ?? 0) + (usage.longCacheWriteTokenCount ?? 0);
      if (read === 0 && (expectedReadCount > 0 || written === 0)) {
        for (const { hash } of ends) held.delete(`${modelId}|${hash}`);
      }
      const scale = scaleOf(modelId);
      const deepest = marks.at(-1);
      if (deepest !== undefined && read === 0 && written === 0) {
        const tooShort = Math.ceil(deepest.tokenCount * scale) + 1;
        minimums.set(modelId, Math.max(minimums.get(modelId) ?? 0, tooShort));
        forgetBeyond(minimums, modelLimit);
        return;
      }
      // Using it makes it stay as long again: what marks found where they stand, and the deepest that one of them led to.
      const isHeld = ({ hash }: PrefixEnd): boolean => (held.get(`${modelId}|${hash}`)?.until ?? 0) > sentAt;
      const used =
        read === 0
          ? undefined
          : ends.findLast((end) => end.tokenCount * scale <= read * slack && isHeld(end));
      for (const end of [...marks, ...(used === undefined ? [] : [used])]) {
        const known = isHeld(end) ? held.get(`${modelId}|${end.hash}`)?.lifetime : undefined;
        const mark = marks.find(({ hash }) => hash === end.hash);
        // What lies before what was read was not written again.
        const isWritten = read === 0 || end.tokenCount * scale > read || end === deepest;
        const lifetime = known ?? (isWritten ? mark?.lifetime : undefined);
        if (lifetime === undefined) continue;
        hold(`${modelId}|${end.hash}`, { lifetime, until: sentAt + lifetime.durationMs - marginMs });
      }
    },
  };
}

function forgetBeyond<Value>(map: Map<string, Value>, limit: number): void {
  while (map.size > limit) {
    const first = map.keys().next();
    if (first.done === true) return;
    map.delete(first.value);
  }
}
