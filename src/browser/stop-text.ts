/** Looks for stop strings in a text that comes in pieces, for models that know none. */
export interface StopText {
  /** What is certain to be no part of a stop string. Nothing more after a hit. */
  push(piece: string): string;
  /** What was held back. */
  end(): string;
  /** The stop string that was met; null: none yet. */
  readonly hit: string | null;
}

export function createStopText(stops: readonly string[]): StopText {
  const longest = Math.max(0, ...stops.map(({ length }) => length));
  let held = '';
  let hit: string | null = null;
  return {
    push(piece) {
      if (hit !== null) return '';
      held += piece;
      let at = Infinity;
      for (const stop of stops) {
        const found = held.indexOf(stop);
        if (found >= 0 && found < at) {
          at = found;
          hit = stop;
        }
      }
      const length = hit === null ? Math.max(0, held.length - startLength(held, stops, longest)) : at;
      const text = held.slice(0, length);
      held = hit === null ? held.slice(length) : '';
      return text;
    },
    end() {
      const rest = held;
      held = '';
      return rest;
    },
    get hit() {
      return hit;
    },
  };
}

/** Characters at the end that a stop string may begin with. */
function startLength(text: string, stops: readonly string[], longest: number): number {
  for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
    const end = text.slice(-length);
    if (stops.some((stop) => stop.startsWith(end))) return length;
  }
  return 0;
}
