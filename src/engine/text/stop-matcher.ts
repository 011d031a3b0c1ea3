export interface StopMatch {
  /** Text that is certain not to belong to a stop string. */
  readonly text: string;
  /** The stop string that ended the text. Nothing may be pushed after it. */
  readonly matched: string | null;
}

export interface StopMatcher {
  push(text: string): StopMatch;
  /** The text that was kept back because a stop string might have begun in it. */
  flush(): string;
}

interface Automaton {
  readonly stop: string;
  /** Length of the longest border of each prefix (Knuth, Morris and Pratt 1977). */
  readonly borders: Int32Array;
  /** How many characters of the stop string the text ends with. */
  matchedLength: number;
}

/**
 * Finds the first stop string in text that arrives in pieces; how it is split makes no difference. First is the
 * one that is complete first; of those complete at the same character, the longest. Empty stop strings are
 * ignored.
 */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  // Whole characters only: a lone surrogate could otherwise cut a character in two.
  const automata = stops
    .map((stop) => stop.toWellFormed())
    .filter((stop) => stop.length > 0)
    .map((stop): Automaton => ({ stop, borders: bordersOf(stop), matchedLength: 0 }));
  let held = '';

  return {
    push(text) {
      if (automata.length === 0) return { text, matched: null };
      for (let index = 0; index < text.length; index += 1) {
        const matched = step(automata, text.charCodeAt(index));
        if (matched === null) continue;
        const whole = held + text.slice(0, index + 1);
        held = '';
        return { text: whole.slice(0, whole.length - matched.length), matched };
      }
      const whole = held + text;
      let heldLength = 0;
      for (const automaton of automata) heldLength = Math.max(heldLength, automaton.matchedLength);
      held = whole.slice(whole.length - heldLength);
      return { text: whole.slice(0, whole.length - heldLength), matched: null };
    },
    flush() {
      const text = held;
      held = '';
      for (const automaton of automata) automaton.matchedLength = 0;
      return text;
    },
  };
}

/** Feeds one UTF-16 unit to every automaton; returns the longest stop string that it completes. */
function step(automata: readonly Automaton[], unit: number): string | null {
  let matched: string | null = null;
  for (const automaton of automata) {
    const { stop, borders } = automaton;
    let length = automaton.matchedLength;
    while (length > 0 && stop.charCodeAt(length) !== unit) length = borders[length - 1] as number;
    if (stop.charCodeAt(length) === unit) length += 1;
    automaton.matchedLength = length;
    if (length === stop.length && (matched === null || length > matched.length)) matched = stop;
  }
  return matched;
}

function bordersOf(stop: string): Int32Array {
  const borders = new Int32Array(stop.length);
  let length = 0;
  for (let index = 1; index < stop.length; index += 1) {
    while (length > 0 && stop.charCodeAt(length) !== stop.charCodeAt(index))
      length = borders[length - 1] as number;
    if (stop.charCodeAt(length) === stop.charCodeAt(index)) length += 1;
    borders[index] = length;
  }
  return borders;
}
