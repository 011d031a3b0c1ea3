import type { PromptPrefix } from '../../chat/prompt-prefix.ts';
import { hashesOf, prefixBlockTokenCount } from '../../promptcache/prefix-hashes.ts';

/** What a provider's cache would have done for one prompt, in its tokens. */
export interface CachedTokens {
  readonly cachedTokenCount: number;
  readonly writtenTokenCount: number;
}

/** Providers keep no shorter beginning (Anthropic's and OpenAI's documentation; some models less, some more). */
const leastTokenCount = 1024;
/** Since the last use; some keep longer. */
const keptMs = 5 * 60_000;
/** How long nearfar remembers that a beginning came before. */
const rememberedMs = 60 * 60_000;
/** As `promptcache/prefix-hashes.ts` writes chains. */
const blocksPerLength = 48;

/**
 * A provider's cache over recorded hashes of beginnings, asked in the order of time. Where writing is billed only what came before
 * is written, as nearfar marks prompts; else every prompt is kept.
 */
export function createCacheReplay(): {
  use(request: {
    /** Whose cache: one for each model and tenant. */
    readonly owner: string;
    readonly atMs: number;
    readonly prefix: PromptPrefix;
    readonly promptTokenCount: number;
    readonly writesAreBilled: boolean;
  }): CachedTokens;
} {
  /** By owner and hash: when it was kept or read, and when it was seen. */
  const owners = new Map<string, Map<string, { keptAt: number; seenAt: number }>>();
  return {
    use({ owner, atMs, prefix, promptTokenCount, writesAreBilled }) {
      const known = owners.get(owner) ?? new Map<string, { keptAt: number; seenAt: number }>();
      owners.set(owner, known);
      const hashes = hashesOf(prefix.chain);
      const ends = endsOf(prefix, hashes.length, promptTokenCount);
      const lastWhere = (holds: (entry: { keptAt: number; seenAt: number }) => boolean): number =>
        hashes.findLastIndex((hash, index) => {
          const entry = known.get(hash);
          return entry !== undefined && (ends[index] ?? 0) >= leastTokenCount && holds(entry);
        });
      const read = lastWhere(({ keptAt }) => atMs - keptAt <= keptMs);
      const seen = lastWhere(({ seenAt }) => atMs - seenAt <= rememberedMs);
      const written = writesAreBilled ? Math.max(read, seen) : hashes.length - 1;
      hashes.forEach((hash, index) => {
        const before = known.get(hash)?.keptAt ?? -Infinity;
        known.set(hash, { keptAt: index <= written ? atMs : before, seenAt: atMs });
      });
      const cachedTokenCount = read < 0 ? 0 : (ends[read] ?? 0);
      const keptTokenCount = written < 0 ? 0 : (ends[written] ?? 0);
      return {
        cachedTokenCount,
        writtenTokenCount: writesAreBilled ? Math.max(0, keptTokenCount - cachedTokenCount) : 0,
      };
    },
  };
}

/** Tokens up to the end of each block: as estimated when they were hashed, scaled to what the provider counted. */
function endsOf(prefix: PromptPrefix, blockCount: number, promptTokenCount: number): readonly number[] {
  const scale = prefix.tokenCount > 0 ? promptTokenCount / prefix.tokenCount : 1;
  let sum = 0;
  return Array.from({ length: blockCount }, (_, index) => {
    sum +=
      prefix.contentTokenCounts[index] ?? prefixBlockTokenCount * 2 ** Math.floor(index / blocksPerLength);
    return Math.min(promptTokenCount, Math.round(sum * scale));
  });
}
