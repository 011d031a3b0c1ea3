/**
 * Prompts are read off the step loop, in a moment; a step that began meanwhile would hold up who waits for its first token by
 * all of its length. So the next step waits for them, for a moment at most.
 */
export interface ArrivalHold {
  /** Its prompt is being read from now on. */
  arrive(id: string): void;
  /** Its prompt has been read, or it is gone, or it waits for something that steps must bring about. */
  arrived(id: string): void;
  /** One will be here in a moment: no step should begin now. */
  isArriving(): boolean;
}

/** A template and a tokenizer take about a millisecond for a turn of a conversation; a step takes 5 to 250. */
const longestHoldMs = 5;

/** @param now milliseconds */
export function createArrivalHold(now: () => number): ArrivalHold {
  const arriving = new Map<string, number>();
  return {
    arrive(id) {
      arriving.set(id, now());
    },
    arrived(id) {
      arriving.delete(id);
    },
    isArriving() {
      for (const since of arriving.values()) if (now() - since < longestHoldMs) return true;
      return false;
    },
  };
}
