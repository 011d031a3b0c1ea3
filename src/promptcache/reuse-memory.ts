import { oldestEntryOf } from '../cache/oldest-entry.ts';
import type { PrefixBoundary, PromptPrefix } from '../chat/prompt-prefix.ts';

/**
 * How soon prefixes come again. Three things are learnt, each the ground for what is expected of the next: of one place
 * of one prompt, of places of its kind in its family, and of families that were new. Learning needs no marks: that a
 * prefix came again shows in its hash.
 */
export interface ReuseMemory {
  /** Takes a prompt in. Prompts must come in the order of their times. @param at milliseconds since the epoch */
  observe(prefix: PromptPrefix, at: number): void;
  /**
   * The odds, for each of the prefix's boundaries, that a request which shares everything before it comes within each
   * of `horizonsMs`: what is expected by all that was seen, less `caution` standard errors of that. Deeper ones are never
   * likelier than those before them. To be asked behind `observe`. @param caution @default 0
   */
  odds(prefix: PromptPrefix, caution?: number): readonly ReuseOdds[];
  /** Places that are remembered at the moment. */
  readonly placeCount: number;
}

/** One number for each of `horizonsMs`, 0 to 1. */
export type ReuseOdds = readonly number[];

/**
 * What a provider keeps for five, thirty and sixty minutes is there a little less: its clock starts before the answer and
 * the next request is on its way for a while.
 */
export const horizonsMs = [285_000, 1_710_000, 3_420_000] as const;

/** Places, families and kinds remembered; the longest untouched are forgotten first. */
const placeLimit = 50_000;
const statisticLimit = 5_000;
/** Older outcomes count half once so many are known, so that what changes is learnt anew. */
const memoryLength = 64;
/** Before anything is known a prompt is expected not to come again: waiting for the first repetition costs little. */
const firstOdds = 0.05;
/** That one new family came again says a little of the next one: three that did not outweigh it. */
const firstWeight = 3;
/** How many outcomes of its own a place or a family must have to outweigh what it was expected to be like. */
const parentWeight = 2;

/** Outcomes counted so far: how many, and of them how many within each horizon. */
interface Statistic {
  count: number;
  readonly within: number[];
}

interface Place {
  readonly own: Statistic;
  /** Where its first outcome is counted too: of its kind in its family, and of its kind where the family was new. */
  readonly fresh: readonly Statistic[];
  /** Within which horizons its first outcome was; null: not known yet. */
  first: readonly boolean[] | null;
  lastAt: number;
}

export function createReuseMemory(): ReuseMemory {
  const places = new Map<string, Place>();
  const statistics = new Map<string, Statistic>();
  const families = new Map<string, number>();
  const oldest = {
    place: oldestEntryOf(places),
    statistic: oldestEntryOf(statistics),
    family: oldestEntryOf(families),
  };

  function statisticOf(name: string): Statistic {
    const known = statistics.get(name);
    const statistic = known ?? { count: 0, within: horizonsMs.map(() => 0) };
    if (known !== undefined) statistics.delete(name);
    else if (statistics.size >= statisticLimit) oldest.statistic.forget();
    statistics.set(name, statistic);
    return statistic;
  }

  /** The place came again, or did not within the longest horizon. */
  function settle(place: Place, gapMs: number): void {
    const isFirst = place.first === null;
    for (const [index, horizonMs] of horizonsMs.entries()) {
      if (gapMs > horizonMs) continue;
      for (const statistic of isFirst ? [place.own, ...place.fresh] : [place.own]) {
        statistic.within[index] = (statistic.within[index] ?? 0) + 1;
      }
    }
    place.first ??= horizonsMs.map((horizonMs) => gapMs <= horizonMs);
  }

  function visit(boundary: PrefixBoundary, prefix: PromptPrefix, isNewFamily: boolean, at: number): void {
    const known = places.get(boundary.hash);
    const ofFamily = statisticOf(`${prefix.family}|${boundary.kind}`);
    const ofAll = statisticOf(`|${boundary.kind}`);
    // An outcome counts as none until it is there: of many that are open at once most must not be taken for repeated.
    if (known !== undefined) {
      settle(known, at - known.lastAt);
      known.lastAt = at;
      open(known.own);
      places.delete(boundary.hash);
      places.set(boundary.hash, known);
      return;
    }
    const fresh = isNewFamily ? [ofFamily, ofAll] : [ofFamily];
    for (const statistic of fresh) open(statistic);
    const place: Place = {
      own: { count: 0, within: horizonsMs.map(() => 0) },
      fresh,
      first: null,
      lastAt: at,
    };
    open(place.own);
    if (places.size >= placeLimit) oldest.place.forget();
    places.set(boundary.hash, place);
  }

  return {
    get placeCount() {
      return places.size;
    },
    observe(prefix, at) {
      const isNewFamily = !families.has(prefix.family);
      families.delete(prefix.family);
      families.set(prefix.family, at);
      if (families.size > statisticLimit) oldest.family.forget();
      const named = new Set(prefix.boundaries.map(({ hash }) => hash));
      for (const boundary of prefix.boundaries) visit(boundary, prefix, isNewFamily, at);
      // What an earlier turn ended with may be no place of its own in this one: it came again all the same.
      for (const hash of chainEnds(prefix)) {
        if (named.has(hash)) continue;
        const place = places.get(hash);
        if (place === undefined) continue;
        settle(place, at - place.lastAt);
        place.lastAt = at;
        open(place.own);
      }
    },
    odds(prefix, caution = 0) {
      const all = prefix.boundaries.map(({ hash, kind }): number[] => {
        const place = places.get(hash);
        const ofAll = statistics.get(`|${kind}`);
        const ofFamily = statistics.get(`${prefix.family}|${kind}`);
        return horizonsMs.map((_, index) => {
          // What this place itself came to is evidence once, as its own: what is expected of it is what others came to.
          const without = (statistic: Statistic | undefined): Evidence => {
            if (statistic === undefined) return { count: 0, within: 0 };
            const isOwn = place?.fresh.includes(statistic) === true;
            const within = (statistic.within[index] ?? 0) - (isOwn && place.first?.[index] === true ? 1 : 0);
            return { count: statistic.count - (isOwn ? 1 : 0), within };
          };
          const own = { count: (place?.own.count ?? 1) - 1, within: place?.own.within[index] ?? 0 };
          const parent = blend(without(ofAll), first, firstWeight);
          const { mean, variance } = blend(own, blend(without(ofFamily), parent, parentWeight), parentWeight);
          return Math.max(0, mean - caution * Math.sqrt(variance));
        });
      });
      // Whoever shares a deeper place shares those before it.
      for (let at = all.length - 2; at >= 0; at -= 1) {
        all[at] = (all[at] ?? []).map((own, index) => Math.max(own, all[at + 1]?.[index] ?? 0));
      }
      return all;
    },
  };
}

function open(statistic: Statistic): void {
  if (statistic.count >= memoryLength) {
    statistic.count /= 2;
    for (const index of statistic.within.keys()) statistic.within[index] = (statistic.within[index] ?? 0) / 2;
  }
  statistic.count += 1;
}

interface Evidence {
  readonly count: number;
  readonly within: number;
}

/** Odds, and the square of their standard error. */
interface Expectation {
  readonly mean: number;
  readonly variance: number;
}

const first: Expectation = {
  mean: firstOdds,
  variance: (firstOdds * (1 - firstOdds)) / (firstWeight + 1),
};

/**
 * What is expected, moved by what was seen: their mean by weight, and the variance of that mean, the outcomes being
 * draws with those odds and what was expected being independent of them.
 */
function blend({ count, within }: Evidence, expected: Expectation, weight: number): Expectation {
  const known = Math.max(0, count);
  const total = known + weight;
  const mean = (Math.min(known, Math.max(0, within)) + weight * expected.mean) / total;
  const variance = (known * mean * (1 - mean) + weight * weight * expected.variance) / (total * total);
  return { mean, variance };
}

function chainEnds({ chain }: PromptPrefix): readonly string[] {
  return chain.match(/.{8}/g) ?? [];
}
