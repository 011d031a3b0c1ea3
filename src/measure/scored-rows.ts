import type { Decoder } from '../engine/decoder.ts';

export interface WindowOptions {
  /** Tokens of one window. Each is read from an empty cache; only its second half is scored. @default 512 */
  readonly windowTokenCount?: number;
  /** Most windows that are read; absent: all whole ones of the text. */
  readonly windowCount?: number;
  /** Put first in each window where the model wants it; `null` = none. */
  readonly bos: number | null;
  /**
   * Rows of logits per step: a row is a float per word of the vocabulary, twice. Where it is half a window or more, and a
   * batch takes a window, each window is one step, as llama-perplexity does it. @default 16
   */
  readonly rowsPerStep?: number;
  /** Called after each window with the share that is done, 0-1. */
  readonly onProgress?: (fraction: number) => void;
}

/** What the model says after a token whose next one is known. */
export interface ScoredRow {
  /** Valid until the next row. */
  readonly logits: Float32Array;
  /** The token that comes next in the text. */
  readonly token: number;
  readonly window: number;
}

const sequence = 0;

/** Tokens of a window that are scored: the second half, less the last, whose next one lies outside. */
export function scoredPerWindow(windowTokenCount: number): number {
  return windowTokenCount - 1 - (windowTokenCount >> 1);
}

/**
 * Reads a text in windows that do not overlap, each from nothing, and hands over every row of the second halves, so that
 * every scored token has at least half a window of context; as llama.cpp's llama-perplexity does. Clears the decoder's cells.
 * @returns how many windows were read
 * @throws RangeError where the text is shorter than a window or the decoder smaller than one
 */
export function eachScoredRow(
  decoder: Decoder,
  tokens: Int32Array,
  options: WindowOptions,
  visit: (row: ScoredRow) => void,
): number {
  const { windowTokenCount = 512, bos, rowsPerStep = 16 } = options;
  const wholeCount = Math.floor(tokens.length / windowTokenCount);
  const windowCount = Math.min(wholeCount, options.windowCount ?? wholeCount);
  if (windowCount === 0) {
    throw new RangeError(`The text has ${tokens.length} tokens; a window takes ${windowTokenCount}.`);
  }
  if (decoder.cellCount < windowTokenCount) {
    throw new RangeError(`The context has ${decoder.cellCount} cells; a window takes ${windowTokenCount}.`);
  }
  for (let index = 0; index < windowCount; index++) {
    const window = tokens.slice(index * windowTokenCount, (index + 1) * windowTokenCount);
    if (bos !== null) window[0] = bos;
    readWindow(decoder, window, index, rowsPerStep, visit);
    options.onProgress?.((index + 1) / windowCount);
  }
  decoder.clearCells();
  return windowCount;
}

function readWindow(
  decoder: Decoder,
  window: Int32Array,
  index: number,
  rowsPerStep: number,
  visit: (row: ScoredRow) => void,
): void {
  decoder.clearCells();
  const half = window.length >> 1;
  // The last token predicts nothing that is in the window.
  const end = window.length - 1;
  const handOver = (rows: readonly number[], from: number): void => {
    rows.forEach((row, offset) => {
      visit({ logits: decoder.logits(row), token: window[from + offset + 1] ?? 0, window: index });
    });
  };
  if (rowsPerStep >= end - half && decoder.batchTokenCount >= window.length) {
    handOver(read(decoder, window, 0, window.length, half).slice(half, end), half);
    return;
  }
  for (let from = 0; from < half; from += decoder.batchTokenCount) {
    read(decoder, window, from, Math.min(half, from + decoder.batchTokenCount), half);
  }
  const stride = Math.min(rowsPerStep, decoder.batchTokenCount);
  for (let from = half; from < end; from += stride) {
    handOver(read(decoder, window, from, Math.min(end, from + stride), half), from);
  }
}

/** Rows of the tokens from `from` to `to`; those from `scoredFrom` on have logits, but for the window's last. */
function read(decoder: Decoder, window: Int32Array, from: number, to: number, scoredFrom: number): number[] {
  decoder.clearBatch();
  const rows: number[] = [];
  for (let position = from; position < to; position++) {
    const wantsLogits = position >= scoredFrom && position < window.length - 1;
    rows.push(decoder.addToken(window[position] ?? 0, position, sequence, wantsLogits));
  }
  const outcome = decoder.decode();
  if (outcome !== 'ok') throw new Error(`Reading the text for perplexity: ${outcome}.`);
  return rows;
}
