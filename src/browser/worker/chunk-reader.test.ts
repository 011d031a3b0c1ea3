import { describe, expect, it } from 'vitest';
import type { ChatPart } from '../../chat/part.ts';
import { createChunkReader, type Chunk } from './chunk-reader.ts';

function read(...chunks: readonly Chunk[]): readonly ChatPart[] {
  let time = 0;
  const reader = createChunkReader({ model: 'm', grade: 'ungraded', queueMs: 5, now: () => (time += 10) });
  return [...chunks.flatMap((chunk) => reader.read(chunk)), ...reader.end()];
}

const delta = (
  fields: NonNullable<NonNullable<Chunk['choices']>[number]['delta']>,
  finish: string | null = null,
): Chunk => ({
  choices: [{ delta: fields, finish_reason: finish }],
});

describe('chunks of a model in the page', () => {
  it('become start, deltas, one end and one finish', () => {
    const parts = read(
      { prompt_progress: { total: 30, cache: 10 } },
      delta({ content: null }),
      delta({ reasoning_content: 'hm' }),
      delta({ content: 'Pa' }),
      delta({ content: 'ris' }),
      delta({}, 'stop'),
      {
        choices: [],
        usage: { prompt_tokens: 31, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 11 } },
        timings: { prompt_ms: 7, predicted_ms: 9 },
      },
    );
    expect(parts).toEqual([
      { type: 'start', model: 'm', grade: 'ungraded', promptTokenCount: 30, cachedTokenCount: 10 },
      { type: 'reasoning-delta', choice: 0, text: 'hm' },
      { type: 'text-delta', choice: 0, text: 'Pa' },
      { type: 'text-delta', choice: 0, text: 'ris' },
      { type: 'choice-end', choice: 0, reason: 'stop' },
      {
        type: 'finish',
        usage: { promptTokenCount: 31, cachedTokenCount: 11, completionTokenCount: 3 },
        timings: { queueMs: 5, prefillMs: 7, decodeMs: 9, totalMs: 25 },
      },
    ]);
  });

  it('with calls have each begun, filled and ended, one after the other', () => {
    const call = (index: number, fields: object): Chunk => delta({ tool_calls: [{ index, ...fields }] });
    const parts = read(
      call(0, { id: 'a', function: { name: 'f', arguments: '{"x"' } }),
      call(0, { function: { arguments: ':1}' } }),
      call(1, { id: 'b', function: { name: 'g', arguments: '{}' } }),
      delta({}, 'stop'),
    );
    expect(parts.slice(1, -1)).toEqual([
      { type: 'tool-call-start', choice: 0, call: 0, id: 'a', name: 'f' },
      { type: 'tool-call-delta', choice: 0, call: 0, arguments: '{"x"' },
      { type: 'tool-call-delta', choice: 0, call: 0, arguments: ':1}' },
      { type: 'tool-call-end', choice: 0, call: 0 },
      { type: 'tool-call-start', choice: 0, call: 1, id: 'b', name: 'g' },
      { type: 'tool-call-delta', choice: 0, call: 1, arguments: '{}' },
      { type: 'tool-call-end', choice: 0, call: 1 },
      { type: 'choice-end', choice: 0, reason: 'tool_calls' },
    ]);
  });

  it('without usage say that it was counted by deltas', () => {
    expect(read(delta({ content: 'a' }), delta({ content: 'b' }, 'length')).slice(-2)).toMatchObject([
      { type: 'choice-end', reason: 'length' },
      { type: 'finish', usage: { completionTokenCount: 2, isMeasured: false } },
    ]);
    expect(read().map(({ type }) => type)).toEqual(['start', 'choice-end', 'finish']);
  });
});
