import { availableParallelism } from 'node:os';
import { NearfarError } from '../chat/error.ts';
import type { KvType } from '../engine/kv-type.ts';
import { createContext, type LlamaContext } from '../engine/llama/context.ts';
import { openLibrary, type LibraryOptions } from '../engine/llama/library.ts';
import { loadModel } from '../engine/llama/model.ts';
import { createSlidingDecoder } from '../engine/sinks/sliding-decoder.ts';
import { discardsBefore, type WindowShape } from '../engine/sinks/window-layout.ts';
import { logProbability, meanOf, standardErrorOfMean } from './perplexity.ts';
import { streamText } from './stream-text.ts';
import { chooseThreads, threadCandidates } from './threads.ts';

export interface StreamMeasureRequest {
  readonly path: string;
  readonly backend: NonNullable<LibraryOptions['backend']>;
  /** `null` = chosen by measuring. */
  readonly threadCount: number | null;
  readonly kvType: KvType;
  /** @default a text of nearfar's own */
  readonly text: string | null;
  readonly windowTokenCount: number;
  /** Length of the stream, in windows; at least 2. */
  readonly windowCount: number;
  /** Recomputation begins anew every so many tokens. */
  readonly strideTokenCount: number;
  /** First tokens that stay, where sinks do. */
  readonly sinkTokenCount: number;
}

/** One way to go on past the window, measured over the same tokens. */
export interface StreamMethod {
  readonly name: 'sinks' | 'sliding' | 'recomputed';
  readonly perplexity: number;
  readonly perplexityError: number | null;
  /** Perplexity over that of recomputation, with its error from the differences stride by stride; 1 and 0 for itself. */
  readonly ratio: number;
  readonly ratioError: number | null;
  /** Tokens that were computed for each one that was scored. */
  readonly computedPerToken: number;
  readonly milliseconds: number;
}

export interface StreamMeasurement {
  readonly model: string;
  readonly threadCount: number;
  readonly kvType: KvType;
  readonly windowTokenCount: number;
  readonly strideTokenCount: number;
  readonly sinkTokenCount: number;
  readonly streamTokenCount: number;
  readonly scoredTokenCount: number;
  /** In the order sinks, sliding, recomputed. */
  readonly methods: readonly StreamMethod[];
}

/** Negative log-likelihoods of all tokens behind the first window, in nats, and what they took. */
interface Scores {
  readonly nats: Float64Array;
  readonly computedTokenCount: number;
  readonly milliseconds: number;
}

const batchTokenCount = 512;
// Rows of logits per step: few, because a row is a float per word of the vocabulary.
const scoredPerStep = 16;

/**
 * Perplexity of a stream longer than the window, three ways: the first tokens stay while the window slides (Xiao et al.
 * 2023), nothing stays, and everything in the window is computed anew every stride, from its own beginning. Scored are
 * all tokens behind the first window, the same in each way. Blocks this thread: `measureStream` runs it in a process of
 * its own.
 * @throws NearfarError where the file cannot be loaded, its positions cannot be moved, or the text is too short
 */
export async function measureStreamHere(
  request: StreamMeasureRequest,
  report: (fraction: number) => void,
): Promise<StreamMeasurement> {
  const { windowTokenCount, windowCount, strideTokenCount, sinkTokenCount, kvType } = request;
  const library = openLibrary({
    backend: request.backend,
    onLog: (level, line) => {
      if (level === 'error') console.error(line);
    },
  });
  const model = await loadModel(library, {
    path: request.path,
    gpuLayerCount: 'auto',
    cellCount: windowTokenCount,
  });
  const { vocabulary } = model;
  const all = vocabulary.tokenize(request.text ?? streamText, { addSpecial: true, parseSpecial: false });
  const streamTokenCount = windowCount * windowTokenCount;
  if (all.length < streamTokenCount) {
    const text = `The text has ${all.length} tokens; a stream of ${windowCount} windows takes ${streamTokenCount}.`;
    throw new NearfarError('invalid_request', text, { field: 'text' });
  }
  const tokens = all.subarray(0, streamTokenCount);
  const context = createContext(model, {
    cellCount: windowTokenCount,
    batchTokenCount: Math.min(batchTokenCount, windowTokenCount),
    sequenceCount: 2,
    outputCount: scoredPerStep,
    threadCount: request.threadCount ?? availableParallelism(),
    kvType,
  });
  try {
    if (!context.canShift) {
      const text = `${model.description} cannot slide a window: it keeps states in place of cells, or its positions cannot be moved.`;
      throw new NearfarError('unsupported', text, { field: 'model' });
    }
    const threadCount =
      request.threadCount ??
      chooseThreads(context, { candidates: threadCandidates(availableParallelism()) }).threadCount;
    // By the work that each takes.
    const anewShare = windowTokenCount / (windowTokenCount + 2 * strideTokenCount);
    const slidingShare = (1 - anewShare) / 2;
    const slide = (keepTokenCount: number, done: number): Scores =>
      scoreSliding(context, tokens, { windowTokenCount, keepTokenCount }, (fraction) => {
        report(done + slidingShare * fraction);
      });
    const sinks = slide(sinkTokenCount, 0);
    const sliding = slide(0, slidingShare);
    const bos = vocabulary.addsBos ? vocabulary.bos : null;
    const recomputed = scoreRecomputed(
      context,
      tokens,
      { windowTokenCount, strideTokenCount, bos },
      (fraction) => {
        report(2 * slidingShare + anewShare * fraction);
      },
    );
    return {
      model: model.description,
      threadCount,
      kvType,
      windowTokenCount,
      strideTokenCount,
      sinkTokenCount,
      streamTokenCount,
      scoredTokenCount: sinks.nats.length,
      methods: [
        describe('sinks', sinks, recomputed, strideTokenCount),
        describe('sliding', sliding, recomputed, strideTokenCount),
        describe('recomputed', recomputed, recomputed, strideTokenCount),
      ],
    };
  } finally {
    context.close();
    model.close();
    library.close();
  }
}

/** Token by token through one window, in steps that end where something is discarded. */
function scoreSliding(
  context: LlamaContext,
  tokens: Int32Array,
  shape: WindowShape,
  onProgress: (fraction: number) => void,
): Scores {
  context.clearCells();
  const decoder = createSlidingDecoder({ ...shape, decoder: context, sequenceCount: 1 });
  decoder.open(0, shape.keepTokenCount);
  const first = shape.windowTokenCount;
  const nats = new Float64Array(tokens.length - first);
  const startedAt = performance.now();
  // The last token predicts nothing that is there.
  for (let from = 0; from < tokens.length - 1;) {
    // The row before the first scored token is the first with logits.
    const isScored = from >= first - 1;
    const most = isScored ? from + scoredPerStep : Math.min(from + decoder.batchTokenCount, first - 1);
    let to = from + 1;
    while (to < Math.min(most, tokens.length - 1) && isSameTurn(shape, from, to)) to++;
    decoder.clearBatch();
    for (let at = from; at < to; at++) decoder.addToken(tokens[at] ?? 0, at, 0, isScored);
    requireOk(decoder.decode());
    if (isScored) {
      for (let at = from; at < to; at++) {
        nats[at + 1 - first] = -logProbability(decoder.logits(at - from), tokens[at + 1] ?? 0);
      }
    }
    from = to;
    onProgress(from / (tokens.length - 1));
  }
  decoder.close(0);
  return { nats, computedTokenCount: tokens.length - 1 - first, milliseconds: performance.now() - startedAt };
}

function isSameTurn(shape: WindowShape, position: number, other: number): boolean {
  return discardsBefore(shape, position) === discardsBefore(shape, other);
}

/** Every stride anew: the window that ends with the stride's last token, from an empty cache. */
function scoreRecomputed(
  context: LlamaContext,
  tokens: Int32Array,
  options: {
    readonly windowTokenCount: number;
    readonly strideTokenCount: number;
    readonly bos: number | null;
  },
  onProgress: (fraction: number) => void,
): Scores {
  const { windowTokenCount, strideTokenCount, bos } = options;
  const nats = new Float64Array(tokens.length - windowTokenCount);
  let computedTokenCount = 0;
  const startedAt = performance.now();
  for (let scored = windowTokenCount; scored < tokens.length; scored += strideTokenCount) {
    const end = Math.min(tokens.length, scored + strideTokenCount);
    const window = tokens.slice(end - windowTokenCount, end);
    // As at the beginning of any text; without it the first token would be a bad sink.
    if (bos !== null) window[0] = bos;
    const offset = end - windowTokenCount;
    context.clearCells();
    for (let from = 0; from < window.length - 1;) {
      const isScored = from + offset >= scored - 1;
      const most = isScored ? from + scoredPerStep : scored - 1 - offset;
      const to = Math.min(most, from + context.batchTokenCount, window.length - 1);
      context.clearBatch();
      for (let at = from; at < to; at++) context.addToken(window[at] ?? 0, at, 0, isScored);
      requireOk(context.decode());
      if (isScored) {
        for (let at = from; at < to; at++) {
          const next = at + 1 + offset;
          nats[next - windowTokenCount] = -logProbability(context.logits(at - from), tokens[next] ?? 0);
        }
      }
      computedTokenCount += to - from;
      from = to;
    }
    onProgress((end - windowTokenCount) / nats.length);
  }
  context.clearCells();
  return { nats, computedTokenCount, milliseconds: performance.now() - startedAt };
}

function requireOk(outcome: string): void {
  if (outcome !== 'ok') throw new Error(`Reading the stream: ${outcome}.`);
}

function describe(
  name: StreamMethod['name'],
  scores: Scores,
  base: Scores,
  strideTokenCount: number,
): StreamMethod {
  const { nats } = scores;
  const value = Math.exp(meanOf([...nats]));
  // Stride by stride on the same text: what is hard to predict one way is so the other.
  const strides = meansOf(nats, strideTokenCount);
  const differences = meansOf(
    nats.map((one, index) => one - (base.nats[index] ?? one)),
    strideTokenCount,
  );
  const ratio = value / Math.exp(meanOf([...base.nats]));
  const error = standardErrorOfMean(strides);
  const ratioError = standardErrorOfMean(differences);
  return {
    name,
    perplexity: value,
    perplexityError: error === null ? null : value * error,
    ratio,
    ratioError: ratioError === null ? null : ratio * ratioError,
    computedPerToken: scores.computedTokenCount / nats.length,
    milliseconds: scores.milliseconds,
  };
}

function meansOf(values: Float64Array, length: number): number[] {
  const means: number[] = [];
  for (let from = 0; from < values.length; from += length) {
    means.push(meanOf([...values.subarray(from, from + length)]));
  }
  return means;
}
