import { oldestEntryOf } from '../cache/oldest-entry.ts';
import type { PrefixBoundary, PromptPrefix } from '../chat/prompt-prefix.ts';
import { reusePrior } from './reuse-prior.ts';

/**
 * How soon prefixes come again. Four things are learnt, each the ground for what is expected of the one before: of one place
 * of one prompt, of places of its kind in its family, of families of the tenant that were new; and what prompts of its kind
 * come to before any was seen (`reuse-prior.ts`). Learning needs no marks: that a prefix came again shows in its hash.
 */
export interface ReuseMemory {
  /**
   * Takes a prompt in. Prompts must come in the order of their times.
   * @param at milliseconds since the epoch
   * @param tenant nothing is learnt across tenants
   */
  observe(prefix: PromptPrefix, at: number, tenant: string): void;
  /**
   * What is expected of each of the prefix's boundaries by all that was seen, less `caution` standard errors of that. Deeper
   * ones are never likelier than those before them. To be asked behind `observe`. @param caution @default 0
   */
  expected(prefix: PromptPrefix, tenant: string, caution?: number): readonly ExpectedReuse[];
  /** Places that are remembered at the moment. */
  readonly placeCount: number;
}

/** One number for each of `horizonsMs`, 0 to 1: the odds that a request comes so soon. */
export type ReuseOdds = readonly number[];

/** Of requests that share everything up to a place. */
export interface ExpectedReuse {
  /** The next one. */
  readonly next: ReuseOdds;
  /** Of each one after that, on average: a loop that goes on within seconds pauses for hours when its task is done. */
  readonly later: ReuseOdds;
  /** What stands behind it grows from request to request. */
  readonly isConversation: boolean;
}

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
/** How many outcomes of its own a place or a family must have to outweigh what it was expected to be like. */
const parentWeight = 2;
/** A family is new for so many prompts: what they come to is told of the next new one. */
const newFamilyCount = 3;
/** That a conversation went on says little of its end: those of its family tell more. */
const messageWeight = 8;
/** How many outcomes of conversations outweigh that all their requests are like the next one. */
const steadyWeight = 3;

/** Outcomes counted so far: how many, and of them how many within each horizon. */
interface Statistic {
  count: number;
  readonly within: number[];
}

interface Place {
  readonly own: Statistic;
  /** Where each outcome is counted too. Of the place that begins a conversation: how those of its family go on. */
  steady: readonly Statistic[];
  /** Where the outcome that is awaited is counted too: of what the place is in the prompt that it was last in. */
  awaited: readonly Statistic[];
  lastAt: number;
}

interface Expected {
  readonly next: number[];
  readonly later: number[];
  readonly isConversation: boolean;
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

  /** The place came again, or did not within the longest horizon; the next outcome is awaited from then on. */
  function comesAgain(hash: string, place: Place, awaited: readonly Statistic[], at: number): void {
    const gapMs = at - place.lastAt;
    for (const [index, horizonMs] of horizonsMs.entries()) {
      if (gapMs > horizonMs) continue;
      for (const statistic of [place.own, ...place.steady, ...place.awaited]) {
        statistic.within[index] = (statistic.within[index] ?? 0) + 1;
      }
    }
    place.awaited = awaited;
    wait(place, at);
    places.delete(hash);
    places.set(hash, place);
  }

  /** An outcome counts as none until it is there: of many that are awaited at once most must not be taken for repeated. */
  function wait(place: Place, at: number): void {
    place.lastAt = at;
    for (const statistic of [place.own, ...place.steady, ...place.awaited]) open(statistic);
  }

  function visit({ hash, kind }: PrefixBoundary, names: Names, isNewFamily: boolean, at: number): void {
    const known = places.get(hash);
    const ofFamily = statisticOf(names.inFamily(kind));
    const ofAll = statisticOf(names.inAll(kind));
    const steady =
      hash === names.beginning
        ? [statisticOf(names.inFamily(steadyKind)), statisticOf(names.inAll(steadyKind))]
        : [];
    if (known !== undefined) {
      comesAgain(hash, known, isNewFamily ? [ofFamily, ofAll] : [ofFamily], at);
      return;
    }
    const place: Place = {
      own: { count: 0, within: horizonsMs.map(() => 0) },
      steady,
      awaited: isNewFamily ? [ofFamily, ofAll] : [ofFamily],
      lastAt: at,
    };
    wait(place, at);
    if (places.size >= placeLimit) oldest.place.forget();
    places.set(hash, place);
  }

  function expectedAt({ hash, kind }: PrefixBoundary, names: Names, caution: number): Expected {
    const place = places.get(hash);
    const isConversation = isMessageKind(kind);
    const [ofFamily, ofAll] = [names.inFamily(kind), names.inAll(kind)].map((name) => statistics.get(name));
    const [steady, steadyAll] = [names.inFamily(steadyKind), names.inAll(steadyKind)].map((name) =>
      statistics.get(name),
    );
    const prior = reusePrior(kind);
    const expected: Expected = { next: [], later: [], isConversation };
    for (const index of horizonsMs.keys()) {
      // The outcome that is awaited tells nothing yet.
      const seen = (statistic: Statistic | undefined): Evidence => {
        const isAwaited =
          statistic === place?.own ||
          statistic === steady ||
          statistic === steadyAll ||
          (statistic !== undefined && place?.awaited.includes(statistic) === true);
        return {
          count: (statistic?.count ?? 0) - (isAwaited ? 1 : 0),
          within: statistic?.within[index] ?? 0,
        };
      };
      const guess = guessOf(prior.next[index] ?? 0, prior.weight);
      const usual = blend(seen(ofFamily), blend(seen(ofAll), guess, prior.weight), parentWeight);
      const next = blend(seen(place?.own), usual, isConversation ? messageWeight : parentWeight);
      const ofOthers = blend(seen(steadyAll), guessOf(next.mean, steadyWeight), steadyWeight);
      const later = isConversation ? blend(seen(steady), ofOthers, parentWeight) : next;
      const noise = caution * Math.sqrt(next.variance);
      expected.next.push(Math.min(1, Math.max(0, next.mean - noise)));
      expected.later.push(Math.min(1, Math.max(0, later.mean - noise)));
    }
    return expected;
  }

  return {
    get placeCount() {
      return places.size;
    },
    observe(prefix, at, tenant) {
      const names = namesOf(prefix, tenant);
      const seenCount = families.get(prefix.family) ?? 0;
      const isNewFamily = seenCount < newFamilyCount;
      families.delete(prefix.family);
      families.set(prefix.family, seenCount + 1);
      if (families.size > statisticLimit) oldest.family.forget();
      const named = new Set(prefix.boundaries.map(({ hash }) => hash));
      for (const boundary of prefix.boundaries) visit(boundary, names, isNewFamily, at);
      // What an earlier turn ended with may be no place of its own in this one: it came again all the same.
      for (const hash of chainEnds(prefix)) {
        const place = named.has(hash) ? undefined : places.get(hash);
        if (place !== undefined) comesAgain(hash, place, [], at);
      }
    },
    expected(prefix, tenant, caution = 0) {
      const names = namesOf(prefix, tenant);
      const all = prefix.boundaries.map((boundary) => expectedAt(boundary, names, caution));
      // Whoever shares a deeper place shares those before it; who comes sooner comes within longer too.
      for (const [at, { next, later }] of [...all.entries()].reverse()) {
        raise(next, all[at + 1]?.next);
        raise(later, all[at + 1]?.later);
      }
      return all;
    },
  };
}

function raise(odds: number[], deeper: ReuseOdds | undefined): void {
  for (const index of odds.keys()) {
    odds[index] = Math.max(odds[index] ?? 0, deeper?.[index] ?? 0, odds[index - 1] ?? 0);
  }
}

/** Of beginnings of conversations, each time that they come or do not. */
const steadyKind = 'steady';

interface Names {
  inFamily(kind: string): string;
  inAll(kind: string): string;
  /** Hash of the first place in the messages. */
  readonly beginning: string | undefined;
}

function namesOf({ family, boundaries }: PromptPrefix, tenant: string): Names {
  return {
    inFamily: (kind) => `${tenant}|${family}|${kind}`,
    inAll: (kind) => `${tenant}||${kind}`,
    beginning: boundaries.find(({ kind }) => isMessageKind(kind))?.hash,
  };
}

function isMessageKind(kind: string): boolean {
  return kind.startsWith('head') || kind.startsWith('tail');
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

function guessOf(mean: number, weight: number): Expectation {
  return { mean, variance: (mean * (1 - mean)) / (weight + 1) };
}

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
