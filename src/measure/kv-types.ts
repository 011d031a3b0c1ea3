import { availableParallelism } from 'node:os';
import { NearfarError } from '../chat/error.ts';
import { kvShareOfF16, kvTypes, type KvType } from '../engine/kv-type.ts';
import { createContext } from '../engine/llama/context.ts';
import { openLibrary, type LibraryOptions } from '../engine/llama/library.ts';
import { loadModel, type LlamaModel } from '../engine/llama/model.ts';
import { meanOf, measurePerplexity, standardErrorOfMean, type Perplexity } from './perplexity.ts';
import { measureSpeed, type Speed } from './speed.ts';
import { measuringText } from './text.ts';
import { chooseThreads, threadCandidates } from './threads.ts';

export interface KvMeasureRequest {
  readonly path: string;
  readonly backend: NonNullable<LibraryOptions['backend']>;
  /** `null` = chosen by measuring. */
  readonly threadCount: number | null;
  /** Cells of the context whose memory is told. */
  readonly cellCount: number;
  /** @default a text of nearfar's own */
  readonly text: string | null;
  /** Tokens per window of the perplexity. */
  readonly windowTokenCount: number;
}

/** One type of KV cache of one model, measured on this machine. */
export interface KvTypeMeasurement {
  readonly kvType: KvType;
  /** 2 x layers x KV heads x (key + value length) bytes in f16, times the type's share; an upper bound where layers differ. */
  readonly predictedBytesPerToken: number;
  /** Bytes of a saved sequence over its tokens, so without what it costs once. */
  readonly measuredBytesPerToken: number;
  readonly predictedContextBytes: number;
  /** What the process grew by when a context of that size was made and filled, less what a small one took; `null` where the system does not tell. */
  readonly measuredContextBytes: number | null;
  readonly perplexity: number;
  readonly perplexityError: number | null;
  /** Perplexity over that of f16, with its error from the windows' differences; 1 and 0 for f16 itself. */
  readonly perplexityRatio: number;
  readonly perplexityRatioError: number | null;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
}

export interface KvMeasurement {
  readonly model: string;
  readonly cellCount: number;
  readonly threadCount: number;
  readonly scoredTokenCount: number;
  readonly windowTokenCount: number;
  /** Types that this model cannot have, and why. */
  readonly refused: readonly { readonly kvType: KvType; readonly reason: string }[];
  readonly types: readonly KvTypeMeasurement[];
}

const batchTokenCount = 512;
/** Tokens of the two saved sequences whose difference gives the bytes of one. */
const savedTokenCounts = [64, 320] as const;

/**
 * Measures each type of KV cache that the model can have. Blocks this thread: `measureKvTypes` runs it in a process of
 * its own.
 * @throws NearfarError where the file cannot be loaded or the text is shorter than a window
 */
export async function measureKvHere(
  request: KvMeasureRequest,
  report: (fraction: number) => void,
): Promise<KvMeasurement> {
  const { windowTokenCount, cellCount } = request;
  const library = openLibrary({
    backend: request.backend,
    onLog: (level, line) => {
      if (level === 'error') console.error(line);
    },
  });
  const model = await loadModel(library, { path: request.path, gpuLayerCount: 'auto', cellCount });
  if (model.isRecurrent) {
    throw new NearfarError('unsupported', 'This model keeps a state in place of a KV cache.', {
      field: 'model',
    });
  }
  const { vocabulary } = model;
  const tokens = vocabulary.tokenize(request.text ?? measuringText, {
    addSpecial: true,
    parseSpecial: false,
  });
  if (tokens.length < Math.max(windowTokenCount, savedTokenCounts[1])) {
    const least = Math.max(windowTokenCount, savedTokenCounts[1]);
    throw new NearfarError(
      'invalid_request',
      `The text has ${tokens.length} tokens; at least ${least} are needed.`,
      {
        field: 'text',
      },
    );
  }
  const types: KvTypeMeasurement[] = [];
  const refused: { kvType: KvType; reason: string }[] = [];
  let threadCount = request.threadCount;
  let base: Perplexity | null = null;
  for (const [index, kvType] of kvTypes.entries()) {
    const onProgress = (fraction: number): void => {
      report((index + fraction) / kvTypes.length);
    };
    try {
      const measured = measureType(model, kvType, tokens, { ...request, threadCount }, onProgress);
      ({ threadCount } = measured);
      base ??= measured.perplexity;
      types.push(describeType(model, kvType, cellCount, measured, base));
    } catch (thrown) {
      if (!(thrown instanceof NearfarError) || thrown.kind !== 'unsupported') throw thrown;
      refused.push({ kvType, reason: thrown.message });
    }
  }
  const measurement = {
    model: model.description,
    cellCount,
    threadCount: threadCount ?? 1,
    scoredTokenCount: base?.scoredTokenCount ?? 0,
    windowTokenCount,
    refused,
    types,
  };
  model.close();
  library.close();
  return measurement;
}

interface MeasuredType {
  readonly threadCount: number;
  readonly bytesPerToken: number;
  readonly contextBytes: number | null;
  readonly perplexity: Perplexity;
  readonly speed: Speed;
}

function measureType(
  model: LlamaModel,
  kvType: KvType,
  tokens: Int32Array,
  request: KvMeasureRequest,
  onProgress: (fraction: number) => void,
): MeasuredType {
  const processors = availableParallelism();
  const open = (cellCount: number) =>
    createContext(model, {
      cellCount,
      batchTokenCount: Math.min(batchTokenCount, cellCount),
      sequenceCount: 2,
      outputCount: 16,
      threadCount: request.threadCount ?? processors,
      kvType,
    });
  const context = open(2 * Math.max(request.windowTokenCount, batchTokenCount));
  try {
    const threadCount =
      request.threadCount ?? chooseThreads(context, { candidates: threadCandidates(processors) }).threadCount;
    const [few, many] = savedTokenCounts.map((count) => {
      context.clearCells();
      context.clearBatch();
      for (let at = 0; at < count; at++) context.addToken(tokens[at] ?? 0, at, 0, at === count - 1);
      if (context.decode() !== 'ok') throw new Error('Reading tokens to be saved failed.');
      return context.saveSequence(0).byteLength / (savedTokenCounts[1] - savedTokenCounts[0]);
    });
    const speed = measureSpeed(context, tokens);
    const perplexity = measurePerplexity(context, tokens, {
      windowTokenCount: request.windowTokenCount,
      bos: model.vocabulary.addsBos ? model.vocabulary.bos : null,
      onProgress,
    });
    const contextBytes = model.gpuLayerCount > 0 ? null : growthOf(() => open(request.cellCount));
    return { threadCount, bytesPerToken: (many ?? 0) - (few ?? 0), contextBytes, perplexity, speed };
  } finally {
    context.close();
  }
}

/** Resident memory that a context adds to this process. libllama writes over a new cache, so all of it is resident. */
function growthOf(open: () => { close(): void }): number {
  const before = process.memoryUsage.rss();
  const context = open();
  const grown = process.memoryUsage.rss() - before;
  context.close();
  return grown;
}

function describeType(
  model: LlamaModel,
  kvType: KvType,
  cellCount: number,
  { bytesPerToken, contextBytes, perplexity, speed }: MeasuredType,
  base: Perplexity,
): KvTypeMeasurement {
  const predictedBytesPerToken = model.kvBytesPerCell * kvShareOfF16(kvType);
  // Window by window on the same text: what is hard to predict for one type is so for the other.
  const differences = perplexity.windowNats.map((nats, index) => nats - (base.windowNats[index] ?? nats));
  const ratio = Math.exp(meanOf(differences));
  const error = standardErrorOfMean(differences);
  return {
    kvType,
    predictedBytesPerToken,
    measuredBytesPerToken: bytesPerToken,
    predictedContextBytes: predictedBytesPerToken * cellCount,
    measuredContextBytes: contextBytes,
    perplexity: perplexity.value,
    perplexityError: perplexity.standardError,
    perplexityRatio: ratio,
    perplexityRatioError: error === null ? null : ratio * error,
    ...speed,
  };
}
