import { isDelta } from '../chat/part.ts';
import type { EngineSetup } from './engine-setup.ts';
import type { WirePart } from './protocol.ts';

/** Parts on their way out of the step loop, those of one request in the order in which they were made. */
export interface PartOutbox {
  /** `isPatient`: nobody reads along, so text may wait for more of it. */
  push(id: string, part: WirePart, isPatient?: boolean): void;
  /** Sends what waits, in one message, but for text that may wait longer. */
  flush(): void;
  /** Sends all that waits. */
  flushAll(): void;
  /**
   * Whether what waits may travel with the parts of the next step: only text, and sent a moment ago. Each message wakes
   * the gateway and its client, on cores that the next step is computing on.
   */
  mayHold(): boolean;
}

interface Waiting {
  readonly id: string;
  readonly part: WirePart;
  readonly isPatient: boolean;
}

/** Of the gap that bulk may have between two tokens, how much its text may wait for more. */
const patientShare = 0.2;

export function createPartOutbox(
  setup: Pick<EngineSetup, 'emit' | 'holdPartsMs' | 'classes' | 'now'>,
): PartOutbox {
  const patientMs = patientShare * (setup.classes.bulk.interTokenMs ?? 0);
  let waiting: Waiting[] = [];
  let flushedAt = 0;
  let allFlushedAt = 0;

  function send(parts: readonly Waiting[], rest: Waiting[]): void {
    waiting = rest;
    if (parts.length === 0) return;
    flushedAt = setup.now();
    setup.emit(parts.map(({ id, part }) => ({ id, part })));
  }

  function flushAll(): void {
    allFlushedAt = setup.now();
    send(waiting, []);
  }

  return {
    push(id, part, isPatient = false) {
      waiting.push({ id, part, isPatient: isPatient && isDelta(part) });
    },
    flush() {
      if (setup.now() - allFlushedAt >= patientMs) {
        flushAll();
        return;
      }
      // What came before a part that goes must go with it.
      const going = new Set(waiting.filter(({ isPatient }) => !isPatient).map(({ id }) => id));
      send(
        waiting.filter(({ id }) => going.has(id)),
        waiting.filter(({ id }) => !going.has(id)),
      );
    },
    flushAll,
    mayHold: () => setup.now() - flushedAt < setup.holdPartsMs && waiting.every(({ part }) => isDelta(part)),
  };
}
