import { isDelta } from '../chat/part.ts';
import type { EngineSetup } from './engine-setup.ts';
import type { WirePart } from './protocol.ts';

/** Parts on their way out of the step loop, in the order in which they were made. */
export interface PartOutbox {
  push(id: string, part: WirePart): void;
  /** Sends all that wait, in one message. */
  flush(): void;
  /**
   * Whether what waits may travel with the parts of the next step: only text, and sent a moment ago. Each message wakes
   * the gateway and its client, on cores that the next step is computing on.
   */
  mayHold(): boolean;
}

export function createPartOutbox(setup: {
  readonly emit: EngineSetup['emit'];
  /** Longest wait of a part, in milliseconds. */
  readonly holdMs: number;
  readonly now: () => number;
}): PartOutbox {
  let waiting: { id: string; part: WirePart }[] = [];
  let flushedAt = 0;
  return {
    push(id, part) {
      waiting.push({ id, part });
    },
    flush() {
      if (waiting.length === 0) return;
      flushedAt = setup.now();
      const parts = waiting;
      waiting = [];
      setup.emit(parts);
    },
    mayHold: () => setup.now() - flushedAt < setup.holdMs && waiting.every(({ part }) => isDelta(part)),
  };
}
