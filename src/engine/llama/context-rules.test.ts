import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LlamaContext } from './context.ts';
import { feed, openTiny, tokensOf } from './testing/open-tiny.ts';
import type { TinyModel } from './testing/open-tiny.ts';

let dense: TinyModel;

beforeAll(async () => {
  dense = await openTiny('dense');
});

afterAll(() => {
  dense.close();
});

describe('the rules of llama.h, checked before the call', () => {
  let context: LlamaContext;
  beforeAll(() => {
    context = dense.context({ batchTokenCount: 4, outputCount: 2, sequenceCount: 3 });
  });

  const reset = (): void => {
    context.clearCells();
  };

  it('takes only options that llama.h takes', () => {
    expect(() => dense.context({ sequenceCount: 257 })).toThrow(/sequenceCount is 257.*1 to 256/);
    expect(() => dense.context({ sequenceCount: 0 })).toThrow(RangeError);
    expect(() => dense.context({ cellCount: 0 })).toThrow(RangeError);
    expect(() => dense.context({ batchTokenCount: 513 })).toThrow(/batchTokenCount/);
    expect(() => dense.context({ outputCount: 0 })).toThrow(/outputCount/);
    expect(() => dense.context({ threadCount: 0 })).toThrow(/threadCount/);
    expect(() => {
      context.setThreads(1.5);
    }).toThrow(/threadCount/);
  });

  it('says so where a context cannot have the type of KV cache', () => {
    // Heads of 16 values do not divide into blocks of 32.
    expect(() => dense.context({ kvType: 'q8_0' })).toThrow(expect.objectContaining({ kind: 'unsupported' }));
  });

  it('refuses a batch that is too large, empty, or used twice', () => {
    reset();
    expect(() => context.decode()).toThrow(/empty/);
    for (let index = 0; index < 4; index++) context.addToken(10, index, 0, false);
    expect(() => context.addToken(10, 4, 0, false)).toThrow(/at most 4 tokens/);
    expect(context.decode()).toBe('ok');
    expect(() => context.decode()).toThrow(/decoded already/);
    expect(() => context.addToken(10, 4, 0, false)).toThrow(/clear it/);
  });

  it('refuses more rows of logits than were reserved', () => {
    reset();
    context.addToken(10, 0, 0, true);
    context.addToken(10, 1, 0, true);
    expect(() => context.addToken(10, 2, 0, true)).toThrow(/at most 2 rows/);
    expect(context.addToken(10, 2, 0, false)).toBe(2);
    expect(context.decode()).toBe('ok');
  });

  it('refuses tokens, sequences and positions that do not exist', () => {
    reset();
    for (const token of [-1, 300, 1.5, NaN])
      expect(() => context.addToken(token, 0, 0, false)).toThrow(/Token/);
    for (const id of [-1, 3, 0.5]) expect(() => context.addToken(10, 0, id, false)).toThrow(/Sequence/);
    expect(() => context.addToken(10, 1, 0, false)).toThrow(/position 0, not 1/);
    context.addToken(10, 0, 0, false);
    expect(() => context.addToken(10, 0, 0, false)).toThrow(/position 1, not 0/);
    expect(() => context.addToken(10, 2, 0, false)).toThrow(RangeError);
    expect(context.addToken(10, 0, 1, false)).toBe(1);
  });

  it('leaves the batch usable after a refusal', () => {
    reset();
    context.addToken(10, 0, 0, false);
    expect(() => context.addToken(10, 5, 0, false)).toThrow(RangeError);
    const row = context.addToken(11, 1, 0, true);
    expect(context.decode()).toBe('ok');
    expect(context.logits(row)).toHaveLength(300);
    expect(context.sequenceEnd(0)).toBe(2);
  });

  it('forgets a batch that is cleared instead of decoded', () => {
    reset();
    context.addToken(10, 0, 0, false);
    context.clearBatch();
    expect(context.sequenceEnd(0)).toBe(0);
    expect(context.addToken(10, 0, 0, false)).toBe(0);
  });

  it('gives logits only of rows that asked, after a decode', () => {
    reset();
    context.addToken(10, 0, 0, false);
    context.addToken(11, 1, 0, true);
    expect(() => context.logits(1)).toThrow(/no logits/);
    expect(context.decode()).toBe('ok');
    expect(() => context.logits(0)).toThrow(/no logits/);
    expect(() => context.logits(2)).toThrow(RangeError);
    expect(() => context.logits(-1)).toThrow(RangeError);
    expect(context.logits(1).some((value) => value !== 0)).toBe(true);
    context.clearBatch();
    expect(() => context.logits(1)).toThrow(RangeError);
  });

  it('refuses copies and cuts that would leave holes or doubles', () => {
    reset();
    feed(context, 0, tokensOf(4));
    expect(() => {
      context.copySequence(0, 0, 0, -1);
    }).toThrow(/itself/);
    expect(() => context.removeSequence(0, 1, 2)).toThrow(/hole/);
    context.copySequence(0, 1, 0, 2);
    expect(() => {
      context.copySequence(0, 1, 1, 4);
    }).toThrow(/do not continue/);
    expect(() => {
      context.copySequence(0, 1, 3, 4);
    }).toThrow(RangeError);
    context.copySequence(0, 1, 2, 4);
    expect(context.sequenceEnd(1)).toBe(4);
    context.clearBatch();
    context.addToken(10, 4, 1, false);
    expect(() => {
      context.copySequence(1, 2, 0, -1);
    }).toThrow(/under construction/);
    expect(() => context.removeSequence(1, -1, -1)).toThrow(/under construction/);
  });

  it('refuses to go on where the first tokens are missing', () => {
    reset();
    feed(context, 0, tokensOf(4));
    context.copySequence(0, 1, 2, 4);
    context.clearBatch();
    expect(() => context.addToken(10, 4, 1, false)).toThrow(/first tokens are missing/);
  });

  it('says no_cells and changes nothing when the pool is full', () => {
    const full = dense.context({ cellCount: 256, batchTokenCount: 128 });
    feed(full, 0, tokensOf(250));
    full.clearBatch();
    for (let index = 0; index < 10; index++) full.addToken(10, index, 1, false);
    expect(full.decode()).toBe('no_cells');
    expect(full.sequenceEnd(1)).toBe(0);
    full.removeSequence(0, 200, -1);
    expect(feed(full, 1, tokensOf(10))).toHaveLength(300);
  });
});
