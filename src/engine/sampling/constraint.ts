/** What an answer must match, as far as the sampler is concerned. */
export interface Constraint {
  /** Whether this token may come next. Cheap: a few microseconds. */
  allows(token: number): boolean;
  /** False where the token's first byte rules it out; true says nothing yet. Costs next to nothing. */
  mayAllow(token: number): boolean;
  /** `allows` for many tokens at once: sets `flags[i]` to 1 where `ids[i]` may come next, else to 0. */
  check(ids: Int32Array, count: number, flags: Uint8Array): void;
}

/** What a grammar leaves no choice about. */
export type ForcedRun =
  /** The text that must come next, at least one byte, and whether nothing can follow it. */
  | { readonly kind: 'text'; readonly bytes: Uint8Array; readonly isEnd: boolean }
  /** A control token. */
  | { readonly kind: 'control'; readonly token: number };

/** A grammar in the middle of a text. Native memory: `free` it. */
export interface GrammarMatcher extends Constraint {
  /** The control tokens that the grammar names. */
  readonly controls: ReadonlySet<number>;
  /** @throws RangeError where the token is not allowed (libllama would end the process) */
  accept(token: number): void;
  /** True where nothing can follow. */
  isComplete(): boolean;
  /**
   * What must come next; `null` where there is a choice.
   * @param limit most bytes that are looked for, at least 1
   */
  forced(limit: number): ForcedRun | null;
  free(): void;
}
