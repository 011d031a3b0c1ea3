import { describe, expect, it } from 'vitest';
import { chooseEmbeddingSizes } from './embedding-sizes.ts';

describe('the sizes of a context', () => {
  const shape = {
    trainedContextTokenCount: 8_192,
    isWhole: false,
    kvBytesPerCell: 23_040,
    vocabTokenCount: 49_152,
  };

  it('follow the model, memory and vocabulary', () => {
    expect(chooseEmbeddingSizes(shape, null, 64e9)).toEqual({
      contextTokenCount: 8_192,
      batchTokenCount: 320,
    });
    expect(chooseEmbeddingSizes(shape, null, 1e9).contextTokenCount).toBe(2_048);
    expect(chooseEmbeddingSizes({ ...shape, vocabTokenCount: 262_144 }, null, 64e9).batchTokenCount).toBe(64);
    expect(chooseEmbeddingSizes(shape, 1_000, 64e9).contextTokenCount).toBe(1_000);
    expect(chooseEmbeddingSizes(shape, 16, 64e9)).toEqual({ contextTokenCount: 16, batchTokenCount: 320 });
  });

  it('hold a whole text in one batch where it must be read so', () => {
    const whole = { ...shape, isWhole: true };
    expect(chooseEmbeddingSizes(whole, null, 64e9)).toEqual({
      contextTokenCount: 2_048,
      batchTokenCount: 2_048,
    });
    expect(chooseEmbeddingSizes(whole, 8_192, 64e9).batchTokenCount).toBe(8_192);
    expect(chooseEmbeddingSizes(whole, 1_000, 64e9)).toEqual({
      contextTokenCount: 1_000,
      batchTokenCount: 1_024,
    });
    const short = { ...whole, trainedContextTokenCount: 64 };
    expect(chooseEmbeddingSizes(short, null, 64e9)).toEqual({ contextTokenCount: 64, batchTokenCount: 512 });
  });
});
