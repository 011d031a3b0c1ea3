/** What an answer must match, as far as the sampler is concerned. */
export interface Constraint {
  /** Whether this token may come next. Cheap: a few microseconds. */
  allows(token: number): boolean;
  /** The same for many tokens at once: sets `flags[i]` to 1 where `ids[i]` may come next, else to 0. */
  check(ids: Int32Array, count: number, flags: Uint8Array): void;
}

/** A grammar in the middle of a text. Native memory: `free` it. */
export interface GrammarMatcher extends Constraint {
  /** The control tokens that the grammar names. */
  readonly controls: ReadonlySet<number>;
  /** @throws RangeError where the token is not allowed (libllama would end the process) */
  accept(token: number): void;
  free(): void;
}
