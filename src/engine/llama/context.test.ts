import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LlamaContext } from './context.ts';
import { distance, feed, openTiny, tokensOf } from './testing/open-tiny.ts';
import type { TinyModel } from './testing/open-tiny.ts';
import { tinyWindow } from './testing/tiny-model.ts';

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

describe.each(['dense', 'sliding', 'recurrent'] as const)('what a %s model computes', (kind) => {
  const open = (options = {}): LlamaContext => ({ dense, sliding, recurrent })[kind].context(options);

  it('is the same in chunks, in any sequence, beside others, and with several threads', () => {
    const context = open({ sequenceCount: 8 });
    const tokens = tokensOf(100);
    const alone = feed(context, 0, tokens);
    expect(distance(feed(context, 7, tokens, 13), alone)).toBeLessThan(noise);
    context.setThreads(2);
    expect(distance(feed(context, 3, tokens, 40), alone)).toBeLessThan(noise);
    context.setThreads(1);

    context.clearCells();
    const others = [1, 2, 4];
    for (let position = 0; position < tokens.length; position++) {
      context.clearBatch();
      for (const id of others) context.addToken(tokens[(position * id) % 100] ?? 0, position, id, false);
      const row = context.addToken(tokens[position] ?? 0, position, 5, true);
      expect(context.decode()).toBe('ok');
      if (position === tokens.length - 1) expect(distance(context.logits(row), alone)).toBeLessThan(noise);
    }
  });

  it('is the same with rows that are added for nothing, which leave nothing behind', () => {
    const tokens = tokensOf(30);
    const expected = feed(open(), 2, tokens, 7);
    const context = open({ cellCount: 256 });
    context.setPadding({ narrow: [], wide: [0, 3, 2, 1] });
    expect(distance(feed(context, 2, tokens, 7), expected)).toBeLessThan(noise);
    expect(context.sequenceEnd(2)).toBe(30);
    // All other cells can be had, and the last step has none left for rows that are for nothing.
    feed(context, 3, tokensOf(context.cellCount - 30 - 7, 5), 5);
    expect(
      distance(feed(context, 2, tokensOf(7, 9)), feed(open(), 2, [...tokens, ...tokensOf(7, 9)])),
    ).toBeLessThan(noise);
  });

  it('is the same after a save and a restore, in a context of other size', () => {
    const context = open();
    const tokens = tokensOf(100);
    const further = tokensOf(9, 3);
    feed(context, 6, tokens);
    const saved = context.saveSequence(6);
    const expected = feed(context, 6, further);
    const other = open({ sequenceCount: 3, outputCount: 2 });
    feed(other, 0, tokensOf(30, 5));
    expect(other.restoreSequence(2, saved)).toBe(true);
    expect(other.sequenceEnd(2)).toBe(100);
    expect(distance(feed(other, 2, further), expected)).toBeLessThan(noise);
    expect(() => other.restoreSequence(2, saved)).toThrow(/not empty/);
    expect(() => other.restoreSequence(1, new Uint8Array(50))).toThrow(/not a saved sequence/);
    expect(() => other.restoreSequence(1, saved.subarray(0, saved.length - 5))).toThrow(/cut off/);
  });

  it('is the same from a whole copy, which does not see what its source does next', () => {
    const context = open();
    feed(context, 0, tokensOf(60));
    context.copySequence(0, 1, -1, -1);
    feed(context, 0, tokensOf(20, 9));
    const expected = feed(open(), 0, [...tokensOf(60), ...tokensOf(5, 2)]);
    expect(distance(feed(context, 1, tokensOf(5, 2)), expected)).toBeLessThan(noise);
    expect(context.removeSequence(0, -1, -1)).toBe(true);
    expect(context.sequenceEnd(0)).toBe(0);
  });

  it('starts anew in a cleared pool', () => {
    const context = open();
    const first = feed(context, 0, tokensOf(40));
    context.clearCells();
    expect(distance(feed(context, 0, tokensOf(40)), first)).toBeLessThan(noise);
  });
});

describe.each(['dense', 'sliding'] as const)('prefixes of a %s model', (kind) => {
  const open = (options = {}): LlamaContext => ({ dense, sliding })[kind].context(options);

  it('can be cut and shared anywhere, long after their window has passed', () => {
    const context = open({ cellCount: 1024 });
    // Far more than a window, while others fill and free cells: what is recycled shows in the end.
    feed(context, 0, tokensOf(8 * tinyWindow));
    feed(context, 1, tokensOf(4 * tinyWindow, 1), 16);
    context.removeSequence(1, -1, -1);
    feed(context, 0, tokensOf(4 * tinyWindow, 2), 1);
    feed(context, 2, tokensOf(6 * tinyWindow, 3));
    for (const shared of [tinyWindow + 5, 3 * tinyWindow, 8 * tinyWindow - 1]) {
      context.copySequence(0, 3, 0, shared);
      const expected = feed(open(), 0, [...tokensOf(shared), ...tokensOf(6, 7)]);
      expect(distance(feed(context, 3, tokensOf(6, 7)), expected)).toBeLessThan(noise);
      context.removeSequence(3, -1, -1);
    }
    context.removeSequence(0, 2 * tinyWindow, -1);
    const expected = feed(open(), 0, [...tokensOf(2 * tinyWindow), ...tokensOf(3, 4)]);
    expect(distance(feed(context, 0, tokensOf(3, 4)), expected)).toBeLessThan(noise);
  });

  it('can be cut and shared anywhere after a save and a restore', () => {
    const context = open();
    feed(context, 0, tokensOf(6 * tinyWindow));
    const saved = context.saveSequence(0);
    context.clearCells();
    expect(context.restoreSequence(4, saved)).toBe(true);
    feed(context, 4, tokensOf(2 * tinyWindow, 1), 1);
    context.copySequence(4, 5, 0, 3 * tinyWindow + 1);
    context.removeSequence(4, -1, -1);
    feed(context, 6, tokensOf(5 * tinyWindow, 3));
    const expected = feed(open(), 0, [...tokensOf(3 * tinyWindow + 1), ...tokensOf(6, 7)]);
    expect(distance(feed(context, 5, tokensOf(6, 7)), expected)).toBeLessThan(noise);
  });

  it('can be saved and restored in parts that join', () => {
    const context = open();
    feed(context, 0, tokensOf(5 * tinyWindow));
    const middle = 2 * tinyWindow + 7;
    const parts = [
      { from: 0, to: middle },
      { from: middle, to: 5 * tinyWindow },
    ].map(({ from, to }) => {
      context.copySequence(0, 7, from, to);
      const saved = context.saveSequence(7);
      context.removeSequence(7, -1, -1);
      return saved;
    });
    const expected = feed(context, 0, tokensOf(6, 7));
    context.clearCells();
    for (const part of parts) {
      expect(context.restoreSequence(7, part)).toBe(true);
      context.copySequence(7, 1, -1, -1);
      context.removeSequence(7, -1, -1);
    }
    expect(distance(feed(context, 1, tokensOf(6, 7)), expected)).toBeLessThan(noise);
  });

  it('show no trace of drafted tokens that were taken back, bit for bit', () => {
    for (const width of [2, 5, 17]) {
      const [plain, drafting] = [open(), open()];
      const start = 3 * tinyWindow;
      for (const context of [plain, drafting]) feed(context, 0, tokensOf(start));
      for (let step = 0; step < tinyWindow; step++) {
        feed(drafting, 0, tokensOf(width, 40 + step));
        drafting.removeSequence(0, start + step, -1);
        const next = tokensOf(1, step);
        expect(distance(feed(drafting, 0, next), feed(plain, 0, next))).toBe(0);
      }
    }
  });

  it('are kept whole: no cell that has left a window is given away', () => {
    const context = open();
    feed(context, 1, tokensOf(8, 1));
    feed(context, 0, tokensOf(4 * tinyWindow), 16);
    // The next batch finds the gap first, and then cells of sequence 0 that no window shows any more.
    context.removeSequence(1, -1, -1);
    feed(context, 2, tokensOf(40, 2));
    context.copySequence(0, 6, 0, tinyWindow);
    const expected = feed(open(), 0, [...tokensOf(tinyWindow), ...tokensOf(6, 7)]);
    expect(distance(feed(context, 6, tokensOf(6, 7)), expected)).toBeLessThan(noise);
  });

  it('frees cells only when the last holder lets go, and then all of them', () => {
    const context = open({ cellCount: 256 });
    for (let round = 0; round < 5; round++) {
      feed(context, 0, tokensOf(200));
      context.copySequence(0, 1, 0, 180);
      context.removeSequence(0, -1, -1);
      context.clearBatch();
      for (let index = 0; index < 100; index++) context.addToken(10, index, 2, false);
      expect(context.decode()).toBe('no_cells');
      context.removeSequence(1, 100, -1);
      feed(context, 2, tokensOf(100));
      context.removeSequence(1, -1, -1);
      context.removeSequence(2, -1, -1);
    }
    expect(feed(context, 3, tokensOf(256))).toHaveLength(300);
  });
});

describe('a recurrent model', () => {
  it('has whole sequences only, and says so', () => {
    const context = recurrent.context();
    expect(context.prefixGranularity).toBe('sequence');
    feed(context, 0, tokensOf(20));
    expect(() => {
      context.copySequence(0, 1, 0, 10);
    }).toThrow(/whole sequences only/);
    feed(context, 1, tokensOf(5));
    expect(() => {
      context.copySequence(0, 1, -1, -1);
    }).toThrow(/not empty/);
    // Cutting a state back is refused by the memory itself; everything stays as it was.
    expect(context.removeSequence(0, 10, -1)).toBe(false);
    expect(context.sequenceEnd(0)).toBe(20);
  });
});

describe('ids', () => {
  it('leaves as many of the 256 as its own bookkeeping allows', () => {
    expect(dense.context({ sequenceCount: 256 }).sequenceCount).toBe(255);
    expect(sliding.context({ sequenceCount: 256 }).sequenceCount).toBe(127);
    const context = dense.context({ sequenceCount: 256 });
    const expected = feed(context, 0, tokensOf(30));
    expect(distance(feed(context, 254, tokensOf(30)), expected)).toBeLessThan(noise);
    const saved = context.saveSequence(254);
    expect(context.restoreSequence(253, saved)).toBe(true);
  });
});
