import { describe, expect, it } from 'vitest';
import type { Decoder } from '../engine/decoder.ts';
import { logProbability, measurePerplexity } from './perplexity.ts';

/** A decoder whose logits a function of the last token decides. */
function createDecoder(vocabTokenCount: number, logitsAfter: (token: number) => Float32Array): Decoder {
  const tokens: number[] = [];
  let end = 0;
  return {
    cellCount: 64,
    batchTokenCount: 8,
    sequenceCount: 1,
    vocabTokenCount,
    prefixGranularity: 'token',
    useAdapter: () => undefined,
    clearBatch: () => {
      tokens.length = 0;
    },
    addToken: (token, position) => {
      if (position !== end) throw new RangeError('position');
      end++;
      return tokens.push(token) - 1;
    },
    decode: () => 'ok',
    logits: (row) => logitsAfter(tokens[row] ?? -1),
    copySequence: () => undefined,
    removeSequence: () => true,
    saveSequence: () => new Uint8Array(),
    restoreSequence: () => true,
    clearCells: () => {
      tokens.length = 0;
      end = 0;
    },
  };
}

const counting = Int32Array.from({ length: 70 }, (_, index) => index % 10);

describe('perplexity', () => {
  it('of a model that knows nothing is the size of its vocabulary', () => {
    const decoder = createDecoder(10, () => new Float32Array(10));
    const { value, scoredTokenCount } = measurePerplexity(decoder, counting, {
      windowTokenCount: 16,
      bos: null,
    });
    expect(value).toBeCloseTo(10, 6);
    // Four windows of 16: the second half of each, less the last token, which predicts nothing in it.
    expect(scoredTokenCount).toBe(4 * 7);
  });

  it('of a model that knows the text is 1', () => {
    const decoder = createDecoder(10, (token) => {
      const logits = new Float32Array(10);
      logits[(token + 1) % 10] = 100;
      return logits;
    });
    expect(measurePerplexity(decoder, counting, { windowTokenCount: 16, bos: null }).value).toBeCloseTo(1, 6);
  });

  it('refuses a text shorter than a window, and a context smaller than one', () => {
    const decoder = createDecoder(10, () => new Float32Array(10));
    expect(() =>
      measurePerplexity(decoder, counting.subarray(0, 9), { windowTokenCount: 10, bos: null }),
    ).toThrow(RangeError);
    expect(() => measurePerplexity(decoder, counting, { windowTokenCount: 65, bos: null })).toThrow(
      /64 cells/,
    );
  });

  it('survives logits that would overflow', () => {
    expect(logProbability(Float32Array.of(1000, 1000), 0)).toBeCloseTo(Math.log(0.5), 6);
    expect(logProbability(Float32Array.of(-1000, 0), 0)).toBeCloseTo(-1000, 3);
  });
});
