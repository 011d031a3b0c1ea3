import type { NearfarError } from '../chat/error.ts';
import { createEventFraming, createLineFraming } from './framing.ts';
import type { WireEvent, WirePart, WireProtocol } from './protocol.ts';
import { unmeasuredUsage } from './usage.ts';
import { errorOfBody } from './wire-error.ts';
import { broken, isObject, objectOf, type WireObject } from './wire-json.ts';

/**
 * Reads a stream that passes by. What it does not understand goes on all the same: from then on it is blind, and knows
 * only that the stream went on or was cut. An error that the upstream sends is one here too.
 */
export interface SideReader {
  readonly isBlind: boolean;
  /** @throws NearfarError that the upstream sent as an event */
  read(chunk: Uint8Array): readonly WirePart[];
  /** The stream came to its end by itself. @throws NearfarError `upstream_failed` where the answer was not whole */
  end(): readonly WirePart[];
  /** The last parts where the answer was whole when it was cut, else null. */
  endIfWhole(): readonly WirePart[] | null;
}

export function createSideReader(protocol: WireProtocol, model: string, choiceCount: number): SideReader {
  const framing = protocol.framing === 'events' ? createEventFraming() : createLineFraming();
  const reader = protocol.createReader(model, choiceCount);
  let isBlind = false;
  let hasFinished = false;

  function readEvents(events: readonly WireEvent[]): readonly WirePart[] {
    const parts: WirePart[] = [];
    for (const event of events) {
      const error = sentError(event);
      if (error !== null) throw error;
      if (isBlind || hasFinished) continue;
      try {
        parts.push(...reader.read(event));
        if (reader.isDone) {
          parts.push(...reader.end());
          hasFinished = true;
        }
      } catch {
        isBlind = true;
      }
    }
    return parts;
  }

  function endIfWhole(): readonly WirePart[] | null {
    if (hasFinished) return [];
    if (isBlind) return null;
    try {
      const parts = reader.end();
      hasFinished = true;
      return parts;
    } catch {
      return null;
    }
  }

  return {
    get isBlind() {
      return isBlind;
    },
    read(chunk) {
      let events: readonly WireEvent[];
      try {
        events = framing.push(chunk);
      } catch {
        isBlind = true;
        return [];
      }
      return readEvents(events);
    },
    end() {
      const parts = isBlind ? [] : readEvents(framing.end());
      if (isBlind) return [{ type: 'finish', usage: unmeasuredUsage(0) }];
      const rest = endIfWhole();
      if (rest === null) throw broken('broke its answer off');
      return [...parts, ...rest];
    },
    endIfWhole,
  };
}

/** The dialects' errors within a stream. */
function sentError({ data }: WireEvent): NearfarError | null {
  if (!data.includes('"error"')) return null;
  let event: WireObject;
  try {
    event = objectOf(JSON.parse(data) as unknown);
  } catch {
    return null;
  }
  const error = event['error'];
  const isError = isObject(error) || (typeof error === 'string' && error !== '');
  if (isError) return errorOfBody(event);
  // Of the responses API, which wraps or spreads it.
  if (event['type'] === 'response.failed') return errorOfBody(objectOf(event['response']));
  return event['type'] === 'error' ? errorOfBody(event) : null;
}
