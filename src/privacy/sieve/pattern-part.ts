import { frequencyOf } from './letters.ts';

/** In the letters of `letters.ts`. */
export type Literals = readonly string[];

/** What a part of a pattern matches: these texts and nothing else, or something that needs these literals. */
export interface Part {
  readonly exact: ReadonlySet<string> | null;
  readonly lists: readonly Literals[];
  /** Beginnings of what it matches, where it is not exact. */
  readonly starts: ReadonlySet<string> | null;
}

/** Texts of a part that are followed one by one. */
const exactLimit = 48;
const unionLimit = 256;
/** Letters of a literal: enough to be rare. Digits are all alike, so that more of them are. */
const wordLimit = 4;
const numberLimit = 9;
const limitOf = (text: string): number => (text.includes('0') ? numberLimit : wordLimit);
/** A list whose literals stand in every line tells nothing. In times for each character. */
const commonest = 1 / 500;
/** To look at so many places is no less work than to look everywhere. */
export const commonestStart = 1 / 250;

export const nothing: Part = { exact: new Set(['']), lists: [], starts: null };
export const anything: Part = { exact: null, lists: [], starts: null };
export const exactly = (...texts: readonly string[]): Part => ({
  exact: new Set(texts),
  lists: [],
  starts: null,
});

/** With its texts, where it is nothing but these, as a list. */
export function listsOf({ exact, lists }: Part): readonly Literals[] {
  const list = exact === null ? null : listOf(exact);
  return list === null ? lists : [...lists, list];
}

export const costOf = (list: Literals): number => list.reduce((sum, one) => sum + frequencyOf(one), 0);

/** Without those that hold another one; `null` where they tell nothing. */
function listOf(texts: Iterable<string>): Literals | null {
  const cut = [...new Set(Array.from(texts, rarestPart))].sort((a, b) => a.length - b.length);
  const kept: string[] = [];
  for (const one of cut) if (!kept.some((other) => one.includes(other))) kept.push(one);
  return kept[0] === '' || kept.length === 0 || costOf(kept) > commonest ? null : kept;
}

export function startsOf(texts: ReadonlySet<string> | null, commonestOnes: number): Literals | null {
  if (texts === null) return null;
  const cut = [...new Set(Array.from(texts, (one) => one.slice(0, limitOf(one))))];
  const kept: string[] = [];
  for (const one of cut.sort((a, b) => a.length - b.length))
    if (!kept.some((other) => one.startsWith(other))) kept.push(one);
  return kept[0] === '' || costOf(kept) > commonestOnes ? null : kept;
}

export function startsOfAll(parts: readonly Part[]): ReadonlySet<string> | null {
  const starts = new Set<string>();
  for (const { exact, starts: own } of parts) {
    const some = exact ?? own;
    if (some === null) return null;
    for (const one of some) starts.add(one);
  }
  return starts.size > unionLimit ? null : starts;
}

/** Of a long text the part that is least common. */
function rarestPart(text: string): string {
  const limit = limitOf(text);
  let best = text.slice(0, limit);
  for (let at = 1; at + limit <= text.length; at++) {
    const part = text.slice(at, at + limit);
    if (frequencyOf(part) < frequencyOf(best)) best = part;
  }
  return best;
}

/** Each of the ones with each of the others behind it; `null`: too many. */
function joined(ones: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> | null {
  if (ones.size * others.size > exactLimit && !(ones.size === 1 && others.size <= unionLimit)) return null;
  const all = new Set<string>();
  for (const one of ones) for (const other of others) all.add(one + other);
  return all;
}

/** One behind the other. */
export class Chain {
  #exact: ReadonlySet<string> = new Set(['']);
  #isWhole = true;
  #starts: ReadonlySet<string> | null = null;
  readonly #lists: Literals[] = [];

  add(part: Part): void {
    const all = part.exact === null ? null : joined(this.#exact, part.exact);
    if (all !== null) {
      this.#exact = all;
      return;
    }
    const starts = part.exact ?? part.starts;
    this.cut(starts === null ? null : joined(this.#exact, starts));
    if (part.exact === null) this.#lists.push(...part.lists);
    else this.#exact = part.exact;
  }

  /** What comes next may stand behind anything. @param starts longer ones than what came before, where they are known */
  cut(starts: ReadonlySet<string> | null = null): void {
    if (this.#isWhole) this.#starts = starts ?? this.#exact;
    const list = listOf(this.#exact);
    if (list !== null) this.#lists.push(list);
    this.#exact = new Set(['']);
    this.#isWhole = false;
  }

  part(): Part {
    if (this.#isWhole) return { exact: this.#exact, lists: [], starts: null };
    this.cut();
    return { exact: null, lists: this.#lists, starts: this.#starts };
  }
}

export function oneOf(parts: readonly Part[]): Part {
  if (parts.length === 1) return parts[0] ?? anything;
  const exact = new Set<string>();
  let isExact = true;
  for (const part of parts) {
    if (part.exact === null) isExact = false;
    else for (const one of part.exact) exact.add(one);
  }
  if (isExact && exact.size <= unionLimit) return exactly(...exact);
  const starts = startsOfAll(parts);
  const best = parts.map((part) =>
    listsOf(part).reduce<Literals | null>(
      (least, list) => (least === null || costOf(list) < costOf(least) ? list : least),
      null,
    ),
  );
  if (best.includes(null)) return { ...anything, starts };
  const list = listOf(best.flatMap((one) => one ?? []));
  return { exact: null, lists: list === null ? [] : [list], starts };
}
