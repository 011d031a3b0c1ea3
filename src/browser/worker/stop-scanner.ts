/** Text that comes in pieces, up to the first of the strings that end it. */
export interface StopScanner {
  /** What may be shown now: nothing of what may become a stop string. */
  push(text: string): string;
  /** What was held back, where the text ended by itself. */
  end(): string;
  /** The string that was hit; null: none yet. */
  readonly hit: string | null;
}

export function createStopScanner(stops: readonly string[]): StopScanner {
  let held = '';
  let hit: string | null = null;
  return {
    get hit() {
      return hit;
    },
    push(text) {
      if (hit !== null) return '';
      held += text;
      let first = -1;
      for (const stop of stops) {
        const at = held.indexOf(stop);
        if (at === -1 || (first !== -1 && at >= first)) continue;
        first = at;
        hit = stop;
      }
      const shownLength = first === -1 ? held.length - longestBeginning(held, stops) : first;
      const shown = held.slice(0, shownLength);
      held = first === -1 ? held.slice(shownLength) : '';
      return shown;
    },
    end() {
      const rest = held;
      held = '';
      return rest;
    },
  };
}

/** Length of the longest end of the text that a stop string begins with. */
function longestBeginning(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (stop.startsWith(text.slice(-length))) longest = length;
    }
  }
  return longest;
}
