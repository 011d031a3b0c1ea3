import { hash, randomBytes } from 'node:crypto';
import { oldestEntryOf } from '../cache/oldest-entry.ts';
import type { LedgerRow } from '../ledger/row.ts';
import type { HeldSession } from './route-facts.ts';

/**
 * Where each conversation was answered last: its provider is likely to hold its beginning still. By keyed hashes of how
 * conversations begin, in memory only; the oldest go first.
 */
export interface SessionMemory {
  /** @returns null where there is nothing to know it again by */
  keyOf(tenant: string, opening: string): string | null;
  /** An answer of a model to this conversation, as its provider counted it. */
  remember(key: string, modelId: string, usage: SessionUsage): void;
  /** What a model is believed to hold of it. */
  heldBy(key: string | null, modelId: string): HeldSession;
}

export type SessionUsage = Pick<
  LedgerRow,
  'promptTokenCount' | 'cachedTokenCount' | 'cacheWriteTokenCount' | 'completionTokenCount'
>;

const keptCount = 10_000;
/**
 * How long ago a session may have been answered, and the share of its prompt that is then believed to be there before any of
 * the model's came back after such a time. Within the shortest lifetime of the providers' caches (Anthropic's and OpenAI's
 * documentation: five minutes) most of it, for the provider may send a request to another of its machines; within the longest
 * that is marked (an hour) little, until it is seen to be kept so long. Estimates, which count as much as `usualWeight` sessions.
 */
const ages = [
  { name: 'minutes', untilMs: 300_000, usualOdds: 0.9 },
  { name: 'hour', untilMs: 3_600_000, usualOdds: 0.1 },
] as const;
const usualWeight = 2;
/** Older returns count half once so many are known. */
const returnsKept = 64;
/** Clients choose the names of models. Two ages of each. */
const keptModels = 400;
function ageOf(ms: number): (typeof ages)[number] | undefined {
  return ages.find(({ untilMs }) => ms < untilMs);
}

const nothing: HeldSession = { tokenCount: 0, keptTokenCount: 0, odds: 0 };

/** Of a long one what it begins and ends with: instructions alike for all, and the question that is not. */
function ends(opening: string): string {
  if (opening.length <= 2 * endLength) return opening;
  return `${String(opening.length)}\n${opening.slice(0, endLength)}${opening.slice(-endLength)}`;
}

const endLength = 10_000;

interface Place {
  readonly modelId: string;
  readonly promptTokenCount: number;
  readonly tokenCount: number;
  readonly keptTokenCount: number;
  readonly at: number;
}

/** Sessions that came back in time, and the sum of the shares of their prompts that were still there. */
interface Returns {
  count: number;
  read: number;
}

export function createSessionMemory(now: () => number = () => performance.now()): SessionMemory {
  const secret = randomBytes(16).toString('hex');
  const places = new Map<string, Place>();
  const oldest = oldestEntryOf(places);
  const returns = new Map<string, Returns>();

  function comeBack(before: Place, name: string, { promptTokenCount, cachedTokenCount }: SessionUsage): void {
    // Of one that marks what pays, what was marked; of others the whole of the prompt before.
    const could = Math.min(
      promptTokenCount,
      before.keptTokenCount > 0 ? before.keptTokenCount : before.promptTokenCount,
    );
    if (could <= 0) return;
    const known = returns.get(name) ?? { count: 0, read: 0 };
    if (known.count >= returnsKept) {
      known.count /= 2;
      known.read /= 2;
    }
    known.count += 1;
    known.read += Math.min(1, cachedTokenCount / could);
    returns.delete(name);
    returns.set(name, known);
    for (const oldest of returns.keys()) {
      if (returns.size <= keptModels) break;
      returns.delete(oldest);
    }
  }

  return {
    keyOf: (tenant, opening) =>
      opening === '' ? null : hash('sha256', `${secret}${tenant}\0${ends(opening)}`).slice(0, 24),
    remember(key, modelId, usage) {
      const before = places.get(key);
      const at = now();
      const age = before?.modelId === modelId ? ageOf(at - before.at) : undefined;
      if (before !== undefined && age !== undefined) comeBack(before, `${modelId}|${age.name}`, usage);
      const { promptTokenCount, cachedTokenCount, cacheWriteTokenCount = 0, completionTokenCount } = usage;
      places.delete(key);
      places.set(key, {
        modelId,
        promptTokenCount,
        tokenCount: promptTokenCount + completionTokenCount,
        keptTokenCount: cachedTokenCount + cacheWriteTokenCount,
        at,
      });
      if (places.size > keptCount) oldest.forget();
    },
    heldBy(key, modelId) {
      const place = key === null ? undefined : places.get(key);
      const age = place?.modelId === modelId ? ageOf(now() - place.at) : undefined;
      if (place === undefined || age === undefined) return nothing;
      const { count, read } = returns.get(`${modelId}|${age.name}`) ?? { count: 0, read: 0 };
      const odds = (read + usualWeight * age.usualOdds) / (count + usualWeight);
      return { tokenCount: place.tokenCount, keptTokenCount: place.keptTokenCount, odds };
    },
  };
}
