import type { Sequence } from '../sequence.ts';

export interface Draft {
  readonly tokens: readonly number[];
  /**
   * The class of the grounds for each token, given that those before it are right: 0 .. `evidenceClassCount`-1, see
   * `evidenceClass`. Acceptance is learnt by class, so that what is known of one position serves the others.
   */
  readonly evidence: readonly number[];
}

/** Grades of a ground, better is higher: the length of a match, or how sure a model was. */
export const gradeCount = 8;

/** What other grounds say: there are none, or they say something else, or the same. */
export const supports = ['single', 'disputed', 'agreed'] as const;
export type Support = (typeof supports)[number];

export const evidenceClassCount = gradeCount * supports.length;

/** @param grade 0 .. `gradeCount`-1, which is the class itself where there is one ground alone */
export function evidenceClass(grade: number, support: Support): number {
  return supports.indexOf(support) * gradeCount + grade;
}

export const emptyDraft: Draft = { tokens: [], evidence: [] };

/**
 * Guesses how sequences go on. A drafter is deterministic: the same tokens give the same draft. It follows a sequence by
 * its list of tokens, which only grows: what was drafted and came otherwise is forgotten by itself.
 */
export interface Drafter {
  /**
   * The most likely continuation of each sequence, in rounds of a token each. `wanted` is asked before every round how
   * long each draft should become, given how far they are; it ends once nobody wants more. A draft stays shorter where
   * there is no ground for more.
   */
  draft(
    sequences: readonly Sequence[],
    wanted: (drafts: readonly Draft[]) => readonly number[],
  ): readonly Draft[];
  /** Milliseconds that the rounds will take that bring drafts from so many tokens each to so many. */
  predictMs(
    sequences: readonly Sequence[],
    draftedCounts: readonly number[],
    wantedCounts: readonly number[],
  ): number;
  /** Tokens of the sequence that are still to be read before a draft of it can begin; Infinity = none ever can. */
  unreadTokenCount(sequence: Sequence): number;
  /** Milliseconds that reading so many of them will take. */
  predictReadMs(sequence: Sequence, tokenCount: number): number;
  /** Reads so many of them, so that later drafts can begin. */
  read(sequence: Sequence, tokenCount: number): void;
  /** Frees what it holds of a sequence, which may come back. */
  forget(sequence: Sequence): void;
}
