import { availableParallelism } from 'node:os';
import { createContext, type LlamaContext } from '../engine/llama/context.ts';
import { openLibrary, type LibraryOptions } from '../engine/llama/library.ts';
import { loadModel } from '../engine/llama/model.ts';
import { createRandom } from '../engine/sampling/random.ts';

export interface StepTimesRequest {
  readonly path: string;
  readonly backend: NonNullable<LibraryOptions['backend']>;
  /** `null`: all processors. */
  readonly threadCount: number | null;
  /** Tokens of a prefill in one step. */
  readonly prefillTokenCount: number;
  /** Tokens that are there already when it is deep; 0: nothing deep is measured. */
  readonly deepTokenCount: number;
  /** Numbers of sequences that decode together. */
  readonly batchSizes: readonly number[];
  /** See `LibraryOptions`. @default null */
  readonly builtKernels?: string | null;
}

/** Milliseconds, each of the best round: what other programs take from a round is not the model's. */
export interface StepTimes {
  readonly threadCount: number;
  readonly prefillMs: number;
  readonly deepPrefillMs: number | null;
  readonly deepDecodeMs: number | null;
  /** In the order of `batchSizes`: a token for each sequence, the median of 32 steps from an empty cache. */
  readonly decodeMs: readonly number[];
}

const roundCount = 5;
const decodeStepCount = 32;

/** Times the steps of a model; blocks this thread: `measureStepTimes` runs it in a process of its own. */
export async function measureStepTimesHere(request: StepTimesRequest): Promise<StepTimes> {
  const { prefillTokenCount, deepTokenCount, batchSizes } = request;
  const library = openLibrary({
    backend: request.backend,
    builtKernels: request.builtKernels ?? null,
    onLog: (level, line) => {
      if (level === 'error') console.error(line);
    },
  });
  const model = await loadModel(library, { path: request.path, gpuLayerCount: 'auto' });
  const threadCount = request.threadCount ?? availableParallelism();
  const widest = Math.max(1, ...batchSizes);
  const context = createContext(model, {
    cellCount: Math.max(deepTokenCount + prefillTokenCount + decodeStepCount, widest * 2 * decodeStepCount),
    batchTokenCount: prefillTokenCount,
    sequenceCount: widest,
    outputCount: widest,
    threadCount,
  });
  const random = createRandom(3);
  const token = (): number => Math.floor(random() * context.vocabTokenCount);
  const prefill = (from: number): number =>
    timed(context, () => {
      let row = 0;
      for (let index = 0; index < prefillTokenCount; index++)
        row = context.addToken(token(), from + index, 0, index === prefillTokenCount - 1);
      return [row];
    });
  const decode = (batchSize: number, from: number): number => {
    const times = Array.from({ length: decodeStepCount }, (_, position) =>
      timed(context, () =>
        Array.from({ length: batchSize }, (_one, sequence) =>
          context.addToken(token(), from + position, sequence, true),
        ),
      ),
    );
    return median(times);
  };
  const prefills: number[] = [];
  const deepPrefills: number[] = [];
  const deepDecodes: number[] = [];
  const decodes = batchSizes.map((): number[] => []);
  for (let round = 0; round <= roundCount; round++) {
    context.clearCells();
    const first = prefill(0);
    if (deepTokenCount > 0) {
      for (let at = prefillTokenCount; at < deepTokenCount; at += prefillTokenCount) prefill(at);
      const deep = prefill(deepTokenCount);
      const deepDecode = decode(1, deepTokenCount + prefillTokenCount);
      if (round > 0) {
        deepPrefills.push(deep);
        deepDecodes.push(deepDecode);
      }
    }
    // The first round touches the weights for the first time.
    if (round > 0) prefills.push(first);
    batchSizes.forEach((batchSize, index) => {
      context.clearCells();
      const time = decode(batchSize, 0);
      if (round > 0) decodes[index]?.push(time);
    });
  }
  context.close();
  model.close();
  library.close();
  return {
    threadCount,
    prefillMs: Math.min(...prefills),
    deepPrefillMs: deepTokenCount > 0 ? Math.min(...deepPrefills) : null,
    deepDecodeMs: deepTokenCount > 0 ? Math.min(...deepDecodes) : null,
    decodeMs: decodes.map((times) => Math.min(...times)),
  };
}

function timed(context: LlamaContext, add: () => readonly number[]): number {
  context.clearBatch();
  const rows = add();
  const startedAt = performance.now();
  const outcome = context.decode();
  if (outcome !== 'ok') throw new Error(`Measuring steps: ${outcome}.`);
  // Some backends compute lazily: the step is over when its logits are there.
  for (const row of rows) context.logits(row);
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? NaN;
}
