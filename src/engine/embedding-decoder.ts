import type { Pooling } from '../chat/embedding.ts';

/** A stretch of one text: the whole of it, or the part from `position` on. */
export interface EmbeddingPiece {
  /** 0 to `sequenceCount` - 1; each at most once in a decode. */
  readonly sequence: number;
  /** Tokens of this text that were decoded before. */
  readonly position: number;
  readonly tokens: Int32Array;
}

/** What the embedder needs of a model: many texts in, one pooled vector each out. Not reentrant. */
export interface EmbeddingDecoder {
  readonly pooling: Pooling;
  /** Numbers in a vector; with `rank`, scores. */
  readonly outputLength: number;
  /** A text must be read in one decode: every token of it sees all others. */
  readonly isWhole: boolean;
  /** Most tokens of one text. */
  readonly contextTokenCount: number;
  /** Most tokens of one decode, at least one whole text where `isWhole`. */
  readonly batchTokenCount: number;
  readonly sequenceCount: number;
  /**
   * The pooled output of each piece alone, in order; not normalised.
   * @throws RangeError for pieces that do not go on where their text ended
   */
  decode(pieces: readonly EmbeddingPiece[]): readonly Float32Array[];
  /** Forgets all texts. */
  clear(): void;
}
