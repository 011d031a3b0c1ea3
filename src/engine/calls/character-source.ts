/**
 * A parser that is fed one character (UTF-16 unit) at a time, null being the end: a generator that yields where it
 * needs the next one. So grammars are written as plain recursive descent, and how the text was split cannot matter.
 */
export type Reading<Result> = Generator<undefined, Result, string | null>;

/** What is being read, with one character of lookahead. */
export class CharacterSource {
  /** undefined: not asked for yet; null: the end. */
  #next: string | null | undefined = undefined;
  /** Told of every character that is taken; for whoever wants the text of a part. */
  tap: ((character: string) => void) | null = null;

  /** The next character, left in place. */
  *peek(): Reading<string | null> {
    // The end stays the end: it is not asked for again.
    if (this.#next === undefined) this.#next = yield;
    return this.#next;
  }

  *take(): Reading<string | null> {
    const character = yield* this.peek();
    if (character === null) return null;
    this.#next = undefined;
    this.tap?.(character);
    return character;
  }

  /** Takes the text if it stands there; else false, with its beginning taken. */
  *literal(text: string): Reading<boolean> {
    for (const expected of text) {
      if ((yield* this.peek()) !== expected) return false;
      yield* this.take();
    }
    return true;
  }

  *space(): Reading<void> {
    for (let next = yield* this.peek(); next !== null && isSpace(next); next = yield* this.peek()) {
      yield* this.take();
    }
  }

  /** What was looked at and not taken. */
  get leftover(): string {
    return this.#next ?? '';
  }
}

export function isSpace(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t';
}
