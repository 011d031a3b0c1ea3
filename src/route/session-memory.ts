import { hash, randomBytes } from 'node:crypto';

/**
 * Where each conversation was answered last: its provider is likely to hold its beginning still. By keyed hashes of how
 * conversations begin, in memory only; the oldest go first.
 */
export interface SessionMemory {
  /** @returns null where there is nothing to know it again by */
  keyOf(tenant: string, opening: string): string | null;
  /** @param tokenCount of prompt and answer, as the model counted them */
  remember(key: string, modelId: string, tokenCount: number): void;
  /** What a model is believed to hold of it: tokens, and the odds that it does, 0-1. */
  heldBy(key: string | null, modelId: string): { readonly tokenCount: number; readonly odds: number };
}

const keptCount = 10_000;
/** The shortest lifetime of the providers' caches (Anthropic's and OpenAI's documentation: five minutes). */
const lifetimeMs = 300_000;
/** Within it; the provider may still send the request to another of its machines. An estimate. */
const usualOdds = 0.9;
const nothing = { tokenCount: 0, odds: 0 };

export function createSessionMemory(now: () => number = () => performance.now()): SessionMemory {
  const secret = randomBytes(16).toString('hex');
  const places = new Map<
    string,
    { readonly modelId: string; readonly tokenCount: number; readonly at: number }
  >();
  return {
    keyOf: (tenant, opening) =>
      opening === '' ? null : hash('sha256', `${secret}${tenant}\0${opening.slice(0, 20_000)}`).slice(0, 24),
    remember(key, modelId, tokenCount) {
      places.delete(key);
      places.set(key, { modelId, tokenCount, at: now() });
      for (const oldest of places.keys()) {
        if (places.size <= keptCount) break;
        places.delete(oldest);
      }
    },
    heldBy(key, modelId) {
      const place = key === null ? undefined : places.get(key);
      if (place?.modelId !== modelId || now() - place.at >= lifetimeMs) return nothing;
      return { tokenCount: place.tokenCount, odds: usualOdds };
    },
  };
}
