import type { CallSink } from './call-sink.ts';
import type { CharacterSource, Reading } from './character-source.ts';
import { toolNamePattern } from './tool-family.ts';

/** One way in which calls stand in a text. */
export interface CallFrame {
  /** The text that it begins with. */
  readonly opener: string;
  /** True where the opener is too common a text to mean anything but at the beginning of an answer. */
  readonly isOnlyFirst: boolean;
  /**
   * Reads from the opener on.
   * @returns what was looked at beyond the end, to be read as text again; null where it is no call
   */
  read(source: CharacterSource, sink: CallSink): Reading<string | null>;
}

/** Takes the text if all of it stands there; else gives back the part that did. */
export function* optional(source: CharacterSource, text: string): Reading<string> {
  let taken = '';
  for (const expected of text) {
    if ((yield* source.peek()) !== expected) return taken;
    taken += (yield* source.take()) ?? '';
  }
  return '';
}

/** A list in brackets, with commas between its items. */
export function* readList(
  source: CharacterSource,
  sink: CallSink,
  readItem: (source: CharacterSource, sink: CallSink) => Reading<boolean>,
): Reading<boolean> {
  yield* source.take();
  do {
    yield* source.space();
    if (!(yield* readItem(source, sink))) return false;
    yield* source.space();
  } while (yield* source.literal(','));
  return yield* source.literal(']');
}

export function* readToolName(source: CharacterSource): Reading<string> {
  let name = '';
  for (
    let next = yield* source.peek();
    next !== null && toolNamePattern.test(next);
    next = yield* source.peek()
  ) {
    name += (yield* source.take()) ?? '';
  }
  return name;
}

/**
 * Takes one of the words, of which none begins another.
 * @returns the word; or, where none stands there, what was taken of the beginning of one
 */
export function* oneOf<Word extends string>(
  source: CharacterSource,
  words: readonly Word[],
): Reading<{ readonly word: Word } | { readonly word: null; readonly taken: string }> {
  let taken = '';
  let candidates = words;
  for (;;) {
    const next = yield* source.peek();
    candidates = candidates.filter((word) => word[taken.length] === next);
    if (candidates.length === 0) return { word: null, taken };
    taken += (yield* source.take()) ?? '';
    const [word] = candidates;
    if (word === taken) return { word };
  }
}
