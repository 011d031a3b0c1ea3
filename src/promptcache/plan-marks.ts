import type { CacheRules, LifetimeRule } from './cache-rules.ts';
import type { ExpectedReuse } from './reuse-memory.ts';

/** A place in a prompt where a mark may stand, or where one stood before. In order of their depth. */
export interface MarkPlace {
  /** Tokens from the beginning to here. */
  readonly tokenCount: number;
  /** Which of the positions that a provider counts when it looks back; grows with depth. */
  readonly position: number;
  /** The lifetime of what the provider is believed to hold of exactly this prefix now; null: nothing. */
  readonly held: LifetimeRule | null;
  /** Of requests that share everything up to here; null where a mark is not considered. */
  readonly odds: ExpectedReuse | null;
}

export interface PlannedMark {
  /** Index of the place. */
  readonly place: number;
  readonly lifetime: LifetimeRule;
}

export interface MarkPlan {
  readonly marks: readonly PlannedMark[];
  /** Tokens that are expected to be read from the cache. */
  readonly readTokenCount: number;
  /** Expected cost in plain prompt tokens, what the plan saves the next request taken off. */
  readonly expectedCost: number;
  /** What writing is expected to cost above reading in full, in plain prompt tokens. */
  readonly surcharge: number;
}

/**
 * Pure: where to mark a prompt. All sets of at most `markLimit` places are weighed, with each lifetime; none is one of
 * them, so that no plan is expected to cost more than no marks. The cost of a set is what this request pays, less what
 * the tokens that are then held will save the next request that shares them:
 *
 *   read * r + written * w + rest - sum over the marked tokens (odds of the next request in time * worth)
 *
 * `worth` is what a held token saves whoever asks next, and those after him. Of requests that come in time with odds q for
 * each lifetime (`later`), a token costs c = q * r + (1 - q) * w each time by marks of that lifetime, 1 by none. With the
 * least of these, c*, from then on, one that is held costs c* - worth, where worth = c* - r + q * worth, for it is read
 * and stays held with odds q: worth = (c* - r) / (1 - q). And no more than w - r, for which it can be written. Where the
 * next request is like all those after it, this marks exactly where q * r + (1 - q) * w < 1, with the cheapest lifetime.
 *
 * In a conversation w is that of the shortest lifetime: what was lost can be written for that, and be held for longer from
 * some later turn on, whose new tokens alone are paid for: a prefix is held as a whole. So a long conversation is given an
 * hour by its last few tokens, once what a pause would cost is more than that.
 * @param places in order of depth
 * @param tokenCount of the whole prompt
 * @param spendable most that writing may cost above reading in full, in plain prompt tokens
 */
export function planMarks(
  places: readonly MarkPlace[],
  tokenCount: number,
  rules: CacheRules,
  spendable = Infinity,
): MarkPlan {
  const usable = places.flatMap((place, index) =>
    place.odds !== null && place.tokenCount >= rules.minimumTokenCount ? [index] : [],
  );
  const candidates = chosenCandidates(places, usable, rules);
  let best = evaluate([], places, tokenCount, rules);
  for (const set of subsets(candidates, rules.markLimit)) {
    for (const marks of withLifetimes(set, rules.lifetimes)) {
      if (marks.some((mark) => changesHeld(mark, places))) continue;
      const plan = evaluate(marks, places, tokenCount, rules);
      if (plan.surcharge > Math.max(0, spendable)) continue;
      // Alike in cost, the fewer marks the better; noise of arithmetic decides nothing.
      if (plan.expectedCost < best.expectedCost - tolerance * (plan.marks.length - best.marks.length + 1)) {
        best = plan;
      }
    }
  }
  return best;
}

/**
 * Pure: marks at given places, what is held keeping its lifetime and all else the shortest; places that take no mark are
 * left out. Null where what is held would make the order of lifetimes one that providers refuse.
 */
export function weighMarks(
  marked: readonly number[],
  places: readonly MarkPlace[],
  tokenCount: number,
  rules: CacheRules,
): MarkPlan | null {
  const shortest = rules.lifetimes.at(-1);
  if (shortest === undefined) return null;
  const marks = marked.flatMap((index): PlannedMark[] => {
    const place = places[index];
    if (place === undefined || place.tokenCount < rules.minimumTokenCount) return [];
    return [{ place: index, lifetime: place.held ?? shortest }];
  });
  const isOrdered = marks.every(
    ({ lifetime }, index) => lifetime.durationMs <= (marks[index - 1]?.lifetime.durationMs ?? Infinity),
  );
  return isOrdered ? evaluate(marks, places, tokenCount, rules) : null;
}

/** In tokens. */
const tolerance = 0.5;
/** More places than these are not weighed against each other: the number of sets grows fast. */
const candidateLimit = 9;

/** Those that are held, deepest first, then those whose odds fall most behind them: where prompts part. */
function chosenCandidates(
  places: readonly MarkPlace[],
  usable: readonly number[],
  rules: CacheRules,
): readonly number[] {
  if (usable.length <= candidateLimit) return usable;
  const worth = (index: number): number => {
    const place = places[index];
    const next = places[usable[usable.indexOf(index) + 1] ?? -1];
    const own = Math.max(...(place?.odds?.next ?? [0]));
    const behind = next === undefined ? 0 : Math.max(...(next.odds?.next ?? [0]));
    return (place?.tokenCount ?? 0) * (own - behind + ((place?.held ?? null) === null ? 0 : rules.readRate));
  };
  return [...usable]
    .sort((one, other) => worth(other) - worth(one))
    .slice(0, candidateLimit)
    .sort((one, other) => one - other);
}

/** What is held for one lifetime is not asked for with another: how a provider takes that is not documented. */
function changesHeld({ place, lifetime }: PlannedMark, places: readonly MarkPlace[]): boolean {
  const held = places[place]?.held ?? null;
  return held !== null && held.name !== lifetime.name;
}

function evaluate(
  marks: readonly PlannedMark[],
  places: readonly MarkPlace[],
  tokenCount: number,
  rules: CacheRules,
): MarkPlan {
  const read = deepestHit(marks, places, rules);
  let cost = read * rules.readRate;
  let surcharge = 0;
  let from = 0;
  for (const { place: index, lifetime } of marks) {
    const place = places[index];
    if (place === undefined) continue;
    const end = place.tokenCount;
    const written = Math.max(0, end - Math.max(from, read));
    cost += written * lifetime.writeRate;
    surcharge += written * (lifetime.writeRate - 1);
    // Before what is read nothing is written: only what is held there already stays, for as long as it was written for.
    const kept = end <= read ? place.held : lifetime;
    if (kept === null || place.odds === null) continue;
    cost -= (end - from) * (place.odds.next[kept.horizon] ?? 0) * worthOf(kept, place.odds, rules);
    from = end;
  }
  cost += Math.max(0, tokenCount - Math.max(from, read));
  return { marks, readTokenCount: read, expectedCost: cost, surcharge };
}

/** The deepest prefix that the provider holds and finds from one of the marks. */
function deepestHit(marks: readonly PlannedMark[], places: readonly MarkPlace[], rules: CacheRules): number {
  let read = 0;
  places.forEach((place, index) => {
    if (place.held === null || place.tokenCount <= read) return;
    const isFound = marks.some((mark) => {
      const position = places[mark.place]?.position ?? 0;
      return mark.place >= index && position - place.position < rules.lookbackPositionCount;
    });
    if (isFound) read = place.tokenCount;
  });
  return read;
}

/** Nothing comes again for ever. */
const surest = 0.995;

/** What a token that is held for `kept` saves whoever asks next; see `planMarks`. */
function worthOf({ horizon, writeRate }: LifetimeRule, odds: ExpectedReuse, rules: CacheRules): number {
  const { readRate, lifetimes } = rules;
  const likely = (lifetime: { readonly horizon: number }): number =>
    Math.min(surest, odds.later[lifetime.horizon] ?? 0);
  const costs = lifetimes.map(
    (lifetime) => likely(lifetime) * readRate + (1 - likely(lifetime)) * lifetime.writeRate,
  );
  const saved = Math.min(1, ...costs) - readRate;
  if (!odds.isConversation) return Math.min(writeRate - readRate, saved / (1 - likely({ horizon })));
  const shortest = Math.min(...lifetimes.map((lifetime) => lifetime.writeRate));
  const longest = Math.max(...lifetimes.map(likely));
  return Math.min(shortest - readRate, saved / (1 - longest));
}

function* subsets(items: readonly number[], limit: number, from = 0): Generator<readonly number[]> {
  if (limit === 0) return;
  for (let at = from; at < items.length; at += 1) {
    const item = items[at] ?? 0;
    yield [item];
    for (const rest of subsets(items, limit - 1, at + 1)) yield [item, ...rest];
  }
}

/** Each way of giving the first of them the longer lifetimes and the others the shorter ones. */
function* withLifetimes(
  set: readonly number[],
  lifetimes: readonly LifetimeRule[],
): Generator<readonly PlannedMark[]> {
  const [first, ...shorter] = lifetimes;
  if (first === undefined) return;
  if (shorter.length === 0) {
    yield set.map((place) => ({ place, lifetime: first }));
    return;
  }
  for (let longCount = set.length; longCount >= 0; longCount -= 1) {
    const long = set.slice(0, longCount).map((place) => ({ place, lifetime: first }));
    if (longCount === set.length) yield long;
    else for (const rest of withLifetimes(set.slice(longCount), shorter)) yield [...long, ...rest];
  }
}
