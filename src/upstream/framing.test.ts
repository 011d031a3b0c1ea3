import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventFraming } from './framing.ts';
import type { WireEvent } from './protocol.ts';

/** What the WHATWG's rules make of a text, by a parser that does nothing else. */
function reference(text: string): readonly WireEvent[] {
  const events: WireEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => events.push({ event: event ?? '', data }),
  });
  parser.feed(text.startsWith('\uFEFF') ? text.slice(1) : text);
  parser.feed('\n\n');
  return events;
}

const piece = fc.constantFrom(
  'data: {"a":1}\n\n',
  'data: é\n\n',
  'event: delta\ndata: {"b":2}\n\n',
  'data:{"c":3}\n\n',
  'data: \n\n',
  'data: two\ndata: lines\n\n',
  'data: x\r\n\r\n',
  'data: y\r\rdata: z\n\n',
  'event: only\n\n',
  'event: a\r\ndata: 1\n\n',
  'data: late\nevent: name\n\n',
  ': comment\n\n',
  'id: 7\ndata: 8\n\n',
  'data',
  'event',
  ': ',
  '\n',
  '\r',
  '[DONE]',
);

test('events are the same however the bytes are cut, and as the rules have them', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.array(fc.nat(20), { maxLength: 40 }),
      (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''));
        const framing = createEventFraming();
        const found: WireEvent[] = [];
        let at = 0;
        for (const length of cuts) {
          found.push(...framing.push(bytes.subarray(at, at + length)));
          at = Math.min(bytes.length, at + length);
        }
        found.push(...framing.push(bytes.subarray(at)), ...framing.end());
        expect(found).toEqual(reference(bytes.toString('utf8')));
      },
    ),
    { numRuns: 400 },
  );
});
