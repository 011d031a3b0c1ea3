import type { EngineSetup } from './engine-setup.ts';

/**
 * Prompts are read off the step loop, in a moment; a step that began meanwhile would hold up who waits for its first token by
 * all of its length. So the next step waits for them, for a moment at most. It waits asleep: the thread that reads the prompt,
 * and the gateway, need the cores.
 */
export interface ArrivalHold {
  /** Its prompt is being read from now on. */
  arrive(id: string): void;
  /** Its prompt has been read, or it is gone, or it waits for something that steps must bring about. */
  arrived(id: string): void;
  /** One will be here in a moment: no step should begin now. */
  isArriving(): boolean;
}

/** Reading a turn of a conversation is a template and a tokenizer; a step takes 5 to 250 milliseconds. A guess. */
const longestHoldMs = 5;

/** @param setup `now` in milliseconds; `wake` is called when one took too long, and the loop should go on without it */
export function createArrivalHold({ now, wake }: Pick<EngineSetup, 'now' | 'wake'>): ArrivalHold {
  const arriving = new Map<string, { readonly since: number; readonly timer: NodeJS.Timeout }>();

  function arrived(id: string): void {
    clearTimeout(arriving.get(id)?.timer);
    arriving.delete(id);
  }

  return {
    arrive(id) {
      arrived(id);
      arriving.set(id, { since: now(), timer: setTimeout(wake, longestHoldMs + 1) });
    },
    arrived,
    isArriving() {
      for (const { since } of arriving.values()) if (now() - since < longestHoldMs) return true;
      return false;
    },
  };
}
