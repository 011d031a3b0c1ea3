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
  /** The first token of somebody who listens is on its way: the gateway and its client need the cores for a moment. */
  deliver(): void;
  /** One will be here, or gone, in a moment: no step should begin now. */
  isHeld(): boolean;
}

/** Reading a turn of a conversation is a template and a tokenizer; a step takes 5 to 250 milliseconds. A guess. */
const longestHoldMs = 5;

/** @param setup `now` in milliseconds; `wake` is called when the loop should go on */
export function createArrivalHold({
  now,
  wake,
  deliveryHoldMs = 0,
}: Pick<EngineSetup, 'now' | 'wake' | 'deliveryHoldMs'>): ArrivalHold {
  const arriving = new Map<string, { readonly since: number; readonly timer: NodeJS.Timeout }>();

  let deliveredAt = -Infinity;

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
    deliver() {
      if (deliveryHoldMs === 0) return;
      deliveredAt = now();
      setTimeout(wake, deliveryHoldMs + 1);
    },
    isHeld() {
      if (now() - deliveredAt < deliveryHoldMs) return true;
      for (const { since } of arriving.values()) if (now() - since < longestHoldMs) return true;
      return false;
    },
  };
}
