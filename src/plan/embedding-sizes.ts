/** What the sizes of an embedding context depend on. */
export interface EmbeddingShape {
  /** Of the model's training; 0 where the file does not say. */
  readonly trainedContextTokenCount: number;
  /** A text must be read in one go. */
  readonly isWhole: boolean;
  readonly kvBytesPerCell: number;
  readonly vocabTokenCount: number;
}

export interface EmbeddingSizes {
  /** Most tokens of one text. */
  readonly contextTokenCount: number;
  /** Most tokens of one decode. */
  readonly batchTokenCount: number;
}

// What is read in one go costs memory by the square of its length, and blocks the process for as long.
const wholeTokenLimit = 2_048;
const chunkedTokenLimit = 8_192;
const kvMemoryShare = 0.05;
const batchTokenLimit = 512;
// libllama computes a row of logits for every token of an embedding batch, wanted or not, and keeps two copies.
const logitsBytes = 128 * 1024 ** 2;
/**
 * Texts in one decode. A batch is a multiple of this: libllama rounds the graph that it reserves up to one, but not
 * the rows of its output, and aborts over the difference.
 */
export const embeddingSequenceLimit = 64;

/**
 * How long a text may be and how many tokens are read at once. Pure.
 * @param asked the most tokens of one text by the settings; `null` = by the model and `memoryBytes`, this machine's
 */
export function chooseEmbeddingSizes(
  shape: EmbeddingShape,
  asked: number | null,
  memoryBytes: number,
): EmbeddingSizes {
  const trained = shape.trainedContextTokenCount || chunkedTokenLimit;
  if (shape.isWhole) {
    const contextTokenCount = Math.min(trained, asked ?? wholeTokenLimit);
    const least = Math.max(contextTokenCount, batchTokenLimit);
    return { contextTokenCount, batchTokenCount: roundedUp(least, embeddingSequenceLimit) };
  }
  const fits = Math.floor((memoryBytes * kvMemoryShare) / Math.max(1, shape.kvBytesPerCell) / 256) * 256;
  const contextTokenCount = Math.min(trained, asked ?? Math.max(256, Math.min(chunkedTokenLimit, fits)));
  const rows = Math.floor(logitsBytes / (2 * 4 * Math.max(1, shape.vocabTokenCount)));
  const most = Math.floor(Math.min(batchTokenLimit, rows) / embeddingSequenceLimit) * embeddingSequenceLimit;
  return { contextTokenCount, batchTokenCount: Math.max(embeddingSequenceLimit, most) };
}

function roundedUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
