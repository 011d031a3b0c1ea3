import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EmbedTask, Pooling } from '../chat/embedding.ts';
import { createEmbedder, type Embedder, type EmbedEvent } from './embedder.ts';
import type { EmbeddingDecoder, EmbeddingPiece } from './embedding-decoder.ts';
import { normalised } from './vector.ts';

/** The vector of a text is the mean (or first, or last) of (token, 1), so that every mistake shows. */
function fakeDecoder(pooling: Pooling, isWhole: boolean) {
  const ends = new Map<number, number>();
  const batches: number[][] = [];
  let fault: Error | null = null;
  const decoder: EmbeddingDecoder = {
    pooling,
    outputLength: 2,
    isWhole,
    contextTokenCount: 20,
    batchTokenCount: isWhole ? 20 : 8,
    sequenceCount: 4,
    decode(pieces: readonly EmbeddingPiece[]) {
      if (fault !== null) throw fault;
      const total = pieces.reduce((sum, { tokens }) => sum + tokens.length, 0);
      if (total > decoder.batchTokenCount || pieces.length > decoder.sequenceCount)
        throw new Error('too much');
      batches.push(pieces.map(({ tokens }) => tokens.length));
      return pieces.map(({ sequence, position, tokens }) => {
        if ((ends.get(sequence) ?? 0) !== position) throw new Error('a gap');
        ends.set(sequence, position + tokens.length);
        const one = { mean: mean(tokens), cls: tokens[0]!, last: tokens.at(-1)!, rank: tokens.at(-1)! }[
          pooling
        ];
        return Float32Array.of(one, 1);
      });
    },
    clear: () => {
      ends.clear();
    },
  };
  return { decoder, batches, break: (error: Error | null) => (fault = error) };
}

function mean(tokens: Int32Array): number {
  return tokens.reduce((sum, token) => sum + token, 0) / tokens.length;
}

function setUp(decoder: EmbeddingDecoder, queueLimit = 100) {
  const events = new Map<string, EmbedEvent[]>();
  const embedder: Embedder = createEmbedder({
    open: () => decoder,
    read: async (task) => ({
      texts: task.kind === 'embed' ? task.inputs.map(tokensOf) : [task.query, ...task.documents].map(codes),
      truncatedCount: 0,
    }),
    scoresAreLogits: true,
    modelId: 'fake',
    grade: 'ungraded',
    queueLimit,
    emit: (id, event) => events.set(id, [...(events.get(id) ?? []), event]),
    wake: () => undefined,
    now: () => 0,
  });
  return { embedder, events };
}

function tokensOf(input: { kind: string; tokens?: readonly number[] }): Int32Array {
  return Int32Array.from(input.tokens ?? []);
}

function codes(text: string): Int32Array {
  return Int32Array.from(text, (letter) => letter.charCodeAt(0));
}

function taskOf(texts: readonly (readonly number[])[]): EmbedTask {
  const inputs = texts.map((tokens) => ({ kind: 'tokens', tokens }) as const);
  return { kind: 'embed', inputs, truncates: false, dimensions: null, field: 'input' };
}

function vectorsIn(events: readonly EmbedEvent[] | undefined): number[][] {
  const last = events?.at(-1);
  if (last?.type !== 'result' || last.result.output.kind !== 'vectors') throw new Error('no vectors');
  return last.result.output.vectors.map((vector) => [...vector]);
}

const texts = fc.array(fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 20 }), {
  minLength: 1,
  maxLength: 6,
});

describe('the embedder', () => {
  it('gives every text its own vector, however tasks, limits and aborts fall', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<Pooling>('mean', 'cls', 'last'),
        fc.boolean(),
        fc.array(fc.record({ texts, isAborted: fc.boolean(), limit: fc.integer({ min: 1, max: 40 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (pooling, isWhole, tasks) => {
          const { decoder } = fakeDecoder(pooling, isWhole);
          const { embedder, events } = setUp(decoder);
          for (const [index, task] of tasks.entries()) {
            await embedder.submit({ type: 'embed', id: String(index), task: taskOf(task.texts) });
            embedder.step(task.limit);
            if (task.isAborted) embedder.abort(String(index));
          }
          for (let step = 0; embedder.step(tasks[step % tasks.length]!.limit); step++)
            expect(step).toBeLessThan(2_000);
          expect(embedder.hasWork).toBe(false);
          for (const [index, task] of tasks.entries()) {
            const ends = (events.get(String(index)) ?? []).filter(({ type }) => type !== 'progress');
            if (task.isAborted && ends.length === 0) continue;
            expect(ends).toHaveLength(1);
            vectorsIn(ends).forEach((vector, at) => {
              const tokens = Int32Array.from(task.texts[at]!);
              const one = { mean: mean(tokens), cls: tokens[0]!, last: tokens.at(-1)!, rank: 0 }[pooling];
              normalised(Float32Array.of(one, 1)).forEach((value, place) => {
                expect(vector[place]).toBeCloseTo(value, 4);
              });
            });
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('reads short texts together and long ones in parts', async () => {
    const { decoder, batches } = fakeDecoder('mean', false);
    const { embedder } = setUp(decoder);
    await embedder.submit({
      type: 'embed',
      id: 'a',
      task: taskOf([[1, 2, 3], [4, 5], [6, 7, 8], Array(20).fill(1)]),
    });
    while (embedder.step(Infinity));
    expect(batches).toEqual([[3, 2, 3], [8], [8], [4]]);
  });

  it('lets tasks take turns: a long list holds up nobody', async () => {
    const { decoder } = fakeDecoder('mean', true);
    const { embedder, events } = setUp(decoder);
    await embedder.submit({ type: 'embed', id: 'bulk', task: taskOf(Array(50).fill([1, 2, 3, 4, 5])) });
    await embedder.submit({ type: 'embed', id: 'one', task: taskOf([[7]]) });
    embedder.step(Infinity);
    expect(events.get('one')?.at(-1)?.type).toBe('result');
    expect(events.get('bulk')?.at(-1)?.type).toBe('progress');
  });

  it('fails those on board of a broken decode, and goes on', async () => {
    const { decoder, break: breakIt } = fakeDecoder('mean', true);
    const { embedder, events } = setUp(decoder);
    breakIt(new Error('lost'));
    await embedder.submit({ type: 'embed', id: 'a', task: taskOf([[1]]) });
    expect(embedder.step(Infinity)).toBe(true);
    expect(events.get('a')?.map(({ type }) => type)).toEqual(['failed']);
    breakIt(null);
    await embedder.submit({ type: 'embed', id: 'b', task: taskOf([[1]]) });
    while (embedder.step(Infinity));
    expect(events.get('b')?.map(({ type }) => type)).toEqual(['result']);
  });

  it('answers queue_full beyond its limit', async () => {
    const { embedder, events } = setUp(fakeDecoder('mean', true).decoder, 2);
    for (const id of ['a', 'b', 'c']) await embedder.submit({ type: 'embed', id, task: taskOf([[1]]) });
    const [last] = events.get('c') ?? [];
    expect(last?.type === 'failed' && last.error.kind).toBe('queue_full');
  });

  it.each([
    ['rank', [1 / (1 + Math.exp(-97)), 1 / (1 + Math.exp(-98))]],
    ['last', [1, 0.99999]],
  ] as const)('scores documents with %s pooling', async (pooling, expected) => {
    const { decoder } = fakeDecoder(pooling, true);
    const { embedder, events } = setUp(decoder);
    // The fake reader puts the query first; a reader of pairs would not.
    const documents = pooling === 'rank' ? ['b'] : ['a', 'b'];
    await embedder.submit({ type: 'embed', id: 'r', task: { kind: 'rank', query: 'a', documents } });
    while (embedder.step(Infinity));
    const last = events.get('r')?.at(-1);
    if (last?.type !== 'result' || last.result.output.kind !== 'scores') throw new Error('no scores');
    last.result.output.scores.forEach((score, index) => {
      expect(score).toBeCloseTo(expected[index]!, 4);
    });
  });
});
