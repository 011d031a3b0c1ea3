import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createUsageFilter } from './usage-filter.ts';

const usage = '{"prompt_tokens":1,"completion_tokens":2}';
const taken = `data: {"choices":[],"usage":${usage}}`;
const kept = [
  'data: {"choices":[{"delta":{"content":"é😀"}}]}',
  'data: {"choices":[{"delta":{}}],"usage":null}',
  `data: {"choices":[{"delta":{"content":"\\"usage\\""}}],"usage":${usage}}`,
  'data: {"choices":[],"usage":null}',
  'data: {"choices": [ ], "prompt_filter_results": []}',
  ': a comment about "usage" and "choices":[]',
  'data: [DONE]',
  '',
];

const events = fc.array(
  fc.record({
    text: fc.constantFrom(taken, taken.replace('[]', '[ ]'), ...kept),
    end: fc.constantFrom('\n\n', '\r\n\r\n'),
  }),
);

it('takes out the events of usage and leaves every other byte, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      events,
      fc.constantFrom('', 'data: cut', 'data: \u00e9'),
      fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1 }),
      fc.boolean(),
      (list, tail, cuts, byEvent) => {
        const chunks = byEvent
          ? list.map(({ text, end }) => Buffer.from(text + end)).concat(Buffer.from(tail))
          : cut(Buffer.from(list.map(({ text, end }) => text + end).join('') + tail), cuts);
        const filter = createUsageFilter();
        const out = Buffer.concat([...chunks.map((chunk) => filter.push(chunk)), filter.end()]);
        const expected = list.filter(({ text }) => !text.startsWith('data: {"choices":[') || !isTaken(text));
        expect(out.toString()).toBe(expected.map(({ text, end }) => text + end).join('') + tail);
      },
    ),
    { numRuns: 500 },
  );
});

function isTaken(text: string): boolean {
  return text.replace('[ ]', '[]') === taken;
}

function cut(bytes: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
