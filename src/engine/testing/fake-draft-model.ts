import type { DraftModel } from '../speculation/model-drafter.ts';
import { createStepCost } from '../step-cost.ts';
import { createFakeDecoder, type FakeDecoder } from './fake-decoder.ts';

export interface FakeDraftOptions {
  /** Milliseconds of a step by its width. */
  readonly msOf: (tokenCount: number) => number;
  readonly clock: { ms: number };
  readonly cellCount?: number;
  readonly sequenceCount?: number;
  readonly batchTokenCount?: number;
  readonly vocabTokenCount?: number;
  readonly repetitive?: boolean;
  /** Its guess is wrong where the right token is a multiple of it; 0 = never. */
  readonly wrongEvery?: number;
  /** What a cell that nobody reads adds to a step; 0 by default. */
  readonly idleMsPerCell?: number;
  /** Told when it computes. */
  readonly onDecode?: (tokenCount: number) => void;
}

export interface FakeDraftModel extends DraftModel {
  readonly decoder: FakeDecoder;
}

/** A model that says what the fake decoder would say, and is now and then wrong. */
export function createFakeDraftModel(options: FakeDraftOptions): FakeDraftModel {
  const { msOf, clock, wrongEvery = 0, vocabTokenCount = 64 } = options;
  const inner = createFakeDecoder({
    cellCount: options.cellCount ?? 256,
    batchTokenCount: options.batchTokenCount ?? 32,
    sequenceCount: options.sequenceCount ?? 4,
    vocabTokenCount,
    repetitive: options.repetitive ?? false,
    onDecode: (tokenCount) => {
      clock.ms += msOf(tokenCount);
      options.onDecode?.(tokenCount);
    },
  });
  const logits = inner.logits.bind(inner);
  const decoder = Object.assign(inner, {
    logits(row: number) {
      const right = logits(row);
      const token = right.indexOf(10);
      if (wrongEvery === 0 || token % wrongEvery !== 0) return right;
      return right.map((_, index) => (index === (token + 1) % vocabTokenCount ? 10 : -10));
    },
  });
  return {
    decoder,
    cost: createStepCost({
      points: [
        { tokenCount: 1, milliseconds: msOf(1) },
        { tokenCount: 32, milliseconds: msOf(32) },
      ],
      attention: [{ tokenCount: 1, readMsPerCell: 0, maskedMsPerCell: options.idleMsPerCell ?? 0 }],
      readersApart: false,
    }),
    contextTokenCount: inner.cellCount,
    sharedVocabTokenCount: vocabTokenCount,
    isEndOfGeneration: (token) => token === 0,
  };
}
