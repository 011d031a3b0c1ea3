import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { WireEvent } from './protocol.ts';
import { createTextReader } from './text-reader.ts';
import { broken } from './wire-json.ts';

/** Bytes of a stream -> its events, however the bytes are cut. */
export interface Framing {
  /** @throws NearfarError `upstream_failed` for what is no such stream */
  push(chunk: Uint8Array): readonly WireEvent[];
  /** What was left unfinished at the stream's end. */
  end(): readonly WireEvent[];
}

/** Characters that one event may have: garbage without an end must not fill the memory. */
export const longestEvent = 16 * 1024 * 1024;

/** Server-sent events, by the WHATWG's rules. */
export function createEventFraming(): Framing {
  const texts = createTextReader();
  let events: WireEvent[] = [];
  let fault: Error | null = null;
  /** Most streams need none. */
  let parser: EventSourceParser | null = null;
  const openParser = (): EventSourceParser =>
    createParser({
      onEvent: ({ event, data }) => events.push({ event: event ?? '', data }),
      onError: (error) => {
        // Unknown fields are to be skipped; an event without end is not.
        if (error.type === 'max-buffer-size-exceeded') fault = error;
      },
      maxBufferSize: longestEvent,
    });
  const take = (): readonly WireEvent[] => {
    if (fault !== null) throw broken('sent an event that has no end');
    const taken = events;
    events = [];
    return taken;
  };
  /** Nothing is half read: the parser waits for a new event. */
  let isBetweenEvents = true;
  return {
    push(chunk) {
      const text = texts.push(chunk);
      const at = isBetweenEvents ? readPlainEvents(text, events) : 0;
      if (at < text.length) {
        const rest = text.slice(at);
        parser ??= openParser();
        parser.feed(rest);
        isBetweenEvents = rest.endsWith('\n\n');
      }
      return take();
    },
    end() {
      // Some servers leave out the empty line behind the last event.
      const rest = texts.end();
      if (parser !== null || rest !== '') (parser ?? openParser()).feed(`${rest}\n\n`);
      return take();
    },
  };
}

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const dataField = 'data: ';
const eventField = 'event: ';

/**
 * Whole events as all providers write them: one line of data, maybe one with a name before it. The parser that takes all
 * that the rules allow is five times as slow.
 * @returns how many characters were read; the rest is for that parser
 */
function readPlainEvents(text: string, events: WireEvent[]): number {
  let at = 0;
  while (at < text.length) {
    let line = at;
    let event = '';
    if (text.startsWith(eventField, line)) {
      const end = text.indexOf('\n', line);
      if (end === -1 || text.charCodeAt(end - 1) === carriageReturn) break;
      event = text.slice(line + eventField.length, end);
      line = end + 1;
    }
    if (!text.startsWith(dataField, line)) break;
    const end = text.indexOf('\n', line);
    if (end === -1 || text.charCodeAt(end + 1) !== lineFeed) break;
    // A carriage return ends a line too.
    const data = text.slice(line + dataField.length, end);
    if (data.includes('\r') || event.includes('\r')) break;
    events.push({ event, data });
    at = end + 2;
  }
  return at;
}

/** One JSON text a line. */
export function createLineFraming(): Framing {
  const texts = createTextReader();
  let rest = '';
  const split = (text: string): readonly WireEvent[] => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestEvent) throw broken('sent a line that has no end');
    return lines.flatMap(eventOf);
  };
  return {
    push: (chunk) => split(texts.push(chunk)),
    end: () => split(`${texts.end()}\n`),
  };
}

function eventOf(line: string): readonly WireEvent[] {
  return line.trim() === '' ? [] : [{ event: '', data: line }];
}
