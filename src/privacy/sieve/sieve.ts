import { letterCodes } from './letters.ts';
import { needsOf } from './needs-of.ts';
import type { Literals } from './pattern-part.ts';

/**
 * Which patterns can match in a text at all, and where: one pass over it finds all literals that any of them needs (Aho and Corasick
 * 1975). Patterns are told ahead, so that their literals are known when the first text is read.
 */

/** A pattern, and what it needs. */
export interface Sifted {
  /** With the flag `g`. */
  readonly pattern: RegExp;
  /** The same with `y` in its place. */
  readonly here: RegExp;
  /** Numbers of lists of literals. */
  readonly ways: readonly (readonly number[])[];
  /** Number of the list of what matches begin with; -1: unknown. */
  readonly starts: number;
}

/** All that were told. */
export const sifted: Sifted[] = [];
const lists: Literals[] = [];
const numbers = new Map<string, number>();
/** Lists with which matches begin: of these places are asked. */
const startLists = new Set<number>();
let built: Automaton | null = null;

function numberOf(list: Literals): number {
  const key = JSON.stringify([...list].sort());
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, lists.length);
  // Whoever was read before did not know of it.
  built = null;
  return lists.push(list) - 1;
}

/** @param pattern with the flag `g` or `y` @param commonestOnes see `needsOf` */
export function sift(pattern: RegExp, commonestOnes?: number): Sifted {
  const { ways, starts } = needsOf(pattern, commonestOnes);
  const one: Sifted = {
    pattern: withFlag(pattern, 'g'),
    here: withFlag(pattern, 'y'),
    ways: ways.map((way) => way.map(numberOf)),
    starts: starts === null ? -1 : numberOf(starts),
  };
  if (one.starts >= 0 && !startLists.has(one.starts)) {
    startLists.add(one.starts);
    built = null;
  }
  sifted.push(one);
  return one;
}

function withFlag(pattern: RegExp, flag: 'g' | 'y'): RegExp {
  return pattern.flags.includes(flag)
    ? pattern
    : new RegExp(pattern.source, pattern.flags.replace(/[gy]/, '') + flag);
}

/** 64 letters at most are told apart; the others no literal has, or are taken for one. */
const letterBits = 6;

export interface Automaton {
  /** Of each letter code, see `letterCodes`: its number here. */
  readonly letters: Uint8Array;
  /** State and letter to the next state; the state is shifted by `letterBits`. */
  readonly next: Uint16Array;
  /** Of each state the number of what ends there; 0: nothing. */
  readonly ends: Uint16Array;
  /** Of each of these numbers the lists of beginnings that have a literal that ends there, each followed by that literal's length. */
  readonly found: readonly (readonly number[])[];
  /** Of each of these numbers all lists as bits: which 32 of them, and which of these. */
  readonly bits: readonly Int32Array[];
  /** Of each number the last text in which it was found, see `newStamp`. */
  readonly stamps: Uint32Array;
  readonly wordCount: number;
}

let lastStamp = 0;
/** Another one for each text that is read, so that nothing has to be wiped. */
export function newStamp({ stamps }: Automaton): number {
  if (lastStamp === 0xffffffff) {
    lastStamp = 0;
    stamps.fill(0);
  }
  return ++lastStamp;
}

export function openAutomaton(): Automaton {
  return (built ??= build(lists));
}

function build(all: readonly Literals[]): Automaton {
  const letters = new Uint8Array(129);
  let letterCount = 1;
  for (const code of new Set(all.flat().flatMap((one) => Array.from(one, (letter) => letter.charCodeAt(0)))))
    letters[code] = letterCount < 1 << letterBits ? letterCount++ : letterCount - 1;
  const children: Map<number, number>[] = [new Map<number, number>()];
  const endings: number[][] = [[]];
  all.forEach((list, number) => {
    for (const literal of list) {
      let state = 0;
      for (const one of literal) {
        const letter = letters[one.charCodeAt(0)] ?? 0;
        let child = children[state]?.get(letter);
        if (child === undefined) {
          child = children.push(new Map()) - 1;
          endings.push([]);
          children[state]?.set(letter, child);
        }
        state = child;
      }
      endings[state]?.push(number, literal.length);
    }
  });
  const next = new Uint16Array(children.length << letterBits);
  const back = new Uint16Array(children.length);
  const order = [0];
  // In the order of their depth: what a state falls back to is known before it.
  for (let place = 0; place < order.length; place++) {
    const state = order[place] ?? 0;
    const fallback = back[state] ?? 0;
    if (state !== 0)
      next.copyWithin(state << letterBits, fallback << letterBits, (fallback + 1) << letterBits);
    endings[state]?.push(...(state === 0 ? [] : (endings[fallback] ?? [])));
    for (const [letter, child] of children[state] ?? []) {
      const slot = (state << letterBits) | letter;
      back[child] = state === 0 ? 0 : (next[slot] ?? 0);
      next[slot] = child;
      order.push(child);
    }
  }
  const found: (readonly number[])[] = [[]];
  const known = new Map<string, number>();
  const ends = Uint16Array.from(endings, (ending) => {
    if (ending.length === 0) return 0;
    const key = ending.join();
    const number = known.get(key) ?? found.push(ending) - 1;
    known.set(key, number);
    return number;
  });
  return {
    letters: Uint8Array.from({ length: 129 }, (_, code) => letters[letterCodes[code] ?? 0] ?? 0),
    next,
    ends,
    found: found.map((all) => all.filter((_, at) => startLists.has(all[at - (at % 2)] ?? -1))),
    bits: found.map(bitsOf),
    stamps: new Uint32Array(found.length),
    wordCount: (all.length + 31) >>> 5,
  };
}

function bitsOf(found: readonly number[]): Int32Array {
  const masks = new Map<number, number>();
  for (let at = 0; at < found.length; at += 2) {
    const list = found[at] ?? 0;
    masks.set(list >>> 5, (masks.get(list >>> 5) ?? 0) | (1 << (list & 31)));
  }
  return Int32Array.from(Array.from(masks).flat());
}
