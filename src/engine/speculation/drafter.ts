/** Guesses how one sequence goes on. A drafter is deterministic: the same tokens give the same draft. */
export interface Drafter {
  /** Tells the next token of the sequence, prompt and answer alike, in order. */
  push(token: number): void;
  /** The most likely continuation of what was pushed, at most `limit` tokens; empty where there is no ground for one. */
  draft(limit: number): Draft;
}

export interface Draft {
  readonly tokens: readonly number[];
  /**
   * How good the grounds for each token are, given that those before it are right: 0 .. `evidenceClassCount`-1,
   * better is higher. Acceptance is learnt by class, so that what is known of one position serves the others.
   */
  readonly evidence: readonly number[];
}

export const evidenceClassCount = 8;

export const emptyDraft: Draft = { tokens: [], evidence: [] };
