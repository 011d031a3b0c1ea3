import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LlamaContext } from './context.ts';
import { distance, feed, openTiny, tokensOf } from './testing/open-tiny.ts';
import type { TinyModel } from './testing/open-tiny.ts';

// The same tokens in other chunks and cells: f32 weights and an f16 cache keep this far below a wrong answer.
const noise = 0.02;

let dense: TinyModel;
let sliding: TinyModel;
let recurrent: TinyModel;

beforeAll(async () => {
  [dense, sliding, recurrent] = await Promise.all([
    openTiny('dense'),
    openTiny('sliding'),
    openTiny('recurrent'),
  ]);
});

afterAll(() => {
  for (const tiny of [dense, sliding, recurrent]) tiny.close();
});

const streamCount = 4;

describe.each(['dense', 'sliding'] as const)('a %s model with a stream for each sequence', (kind) => {
  const model = (): TinyModel => ({ dense, sliding })[kind];
  const openSplit = (): LlamaContext =>
    model().context({ cellCount: 4 * 256, sequenceCount: 64, streamCount, outputCount: streamCount });

  it('computes what a shared pool computes, whoever comes and goes beside it', () => {
    const split = openSplit();
    const reference = model().context({ cellCount: 512, sequenceCount: 2 });
    const act = fc.record({
      who: fc.integer({ min: 0, max: 9 }),
      count: fc.integer({ min: 1, max: 20 }),
      ends: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.array(act, { minLength: 1, maxLength: 6 }), { maxLength: 12 }), (rounds) => {
        split.clearCells();
        const live = new Map<number, number[]>();
        let nextId = 0;
        for (const round of rounds) {
          split.clearBatch();
          const rows = new Map<number, number>();
          for (const { who, count, ends } of round) {
            const ids = [...live.keys()];
            const isNew = ids.length < streamCount && who >= ids.length;
            const id = isNew ? nextId++ % 60 : (ids[who % Math.max(1, ids.length)] ?? -1);
            if (id === -1 || rows.has(id)) continue;
            const tokens = live.get(id) ?? [];
            if (ends && !isNew) {
              split.removeSequence(id, -1, -1);
              live.delete(id);
              continue;
            }
            const added = tokensOf(Math.min(count, 256 - tokens.length), id * 7 + tokens.length);
            added.forEach((token, index) => {
              const isLast = index === added.length - 1;
              const row = split.addToken(token, tokens.length + index, id, isLast);
              if (isLast) rows.set(id, row);
            });
            live.set(id, [...tokens, ...added]);
          }
          if (rows.size === 0) continue;
          expect(split.decode()).toBe('ok');
          for (const [id, row] of rows) {
            const logits = split.logits(row).slice();
            reference.clearCells();
            expect(distance(logits, feed(reference, 0, live.get(id) ?? []))).toBeLessThan(noise);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('has no cells for one sequence too many, and leaves the others as they were', () => {
    const split = openSplit();
    const tokens = tokensOf(20);
    for (let id = 0; id < streamCount; id++) feed(split, id, tokens);
    split.clearBatch();
    split.addToken(11, 20, 0, true);
    split.addToken(12, 0, 9, false);
    expect(split.decode()).toBe('no_cells');
    expect(split.sequenceEnd(0)).toBe(20);
    expect(split.sequenceEnd(9)).toBe(0);
    split.removeSequence(1, -1, -1);
    feed(split, 9, tokens);
    expect(split.sequenceEnd(9)).toBe(20);
  });

  it('takes the end of a sequence back and goes on from there', () => {
    const split = openSplit();
    const tokens = tokensOf(30);
    const expected = feed(split, 0, tokens);
    feed(split, 0, tokensOf(5, 9));
    split.removeSequence(0, 29, -1);
    expect(distance(feed(split, 0, tokens.slice(29)), expected)).toBeLessThan(noise);
  });

  it('shares nothing: copies and saves are refused before they reach the library', () => {
    const split = openSplit();
    feed(split, 0, tokensOf(5));
    expect(() => {
      split.copySequence(0, 1, 0, 3);
    }).toThrow(RangeError);
    expect(() => split.saveSequence(0)).toThrow(RangeError);
  });
});

it('a model that keeps states has no such layout, and that is said', () => {
  expect(() => recurrent.context({ streamCount: 4 })).toThrow(/no split layout/);
});
