import { createContext } from '../engine/llama/context.ts';
import { openLibrary } from '../engine/llama/library.ts';
import { loadModel } from '../engine/llama/model.ts';
import { createRandom } from '../engine/sampling/random.ts';

export interface KernelRunRequest {
  readonly path: string;
  /** `null`: the shipped ones. */
  readonly builtKernels: string | null;
  readonly threadCount: number;
}

export interface KernelRun {
  readonly kernels: 'shipped' | 'built';
  readonly cpuVariant: string | null;
  /** Tokens/s of a prompt of 512: the best round. */
  readonly prefill: number;
  /** Tokens/s of one stream: the median step of the best round. */
  readonly decode: number;
  /** Logits behind the prompt and behind each token that followed, one row after another. */
  readonly logits: readonly number[];
}

const promptTokenCount = 512;
const stepCount = 24;
const roundCount = 4;

/** Reads the same tokens whatever the kernels; blocks this thread: `runKernels` runs it in a process of its own. */
export async function runKernelsHere(request: KernelRunRequest): Promise<KernelRun> {
  const library = openLibrary({
    backend: 'cpu',
    builtKernels: request.builtKernels,
    onLog: (level, line) => {
      if (level !== 'info') console.error(line);
    },
  });
  const model = await loadModel(library, { path: request.path, gpuLayerCount: 0 });
  const context = createContext(model, {
    cellCount: promptTokenCount + stepCount,
    batchTokenCount: promptTokenCount,
    sequenceCount: 1,
    outputCount: 1,
    threadCount: request.threadCount,
  });
  const random = createRandom(7);
  const tokens = Array.from({ length: promptTokenCount + stepCount }, () =>
    Math.floor(random() * context.vocabTokenCount),
  );
  const logits: number[] = [];
  let prefillMs = Infinity;
  let decodeMs = Infinity;
  for (let round = 0; round <= roundCount; round++) {
    context.clearCells();
    const step = (from: number, to: number): number => {
      context.clearBatch();
      let row = 0;
      for (let at = from; at < to; at++) row = context.addToken(tokens[at] ?? 0, at, 0, at === to - 1);
      const startedAt = performance.now();
      const outcome = context.decode();
      if (outcome !== 'ok') throw new Error(`Comparing kernels: ${outcome}.`);
      const found = context.logits(row);
      const milliseconds = performance.now() - startedAt;
      if (round === 0) for (const value of found) logits.push(value);
      return milliseconds;
    };
    const prefilled = step(0, promptTokenCount);
    const steps = Array.from({ length: stepCount }, (_, index) =>
      step(promptTokenCount + index, promptTokenCount + index + 1),
    ).sort((one, other) => one - other);
    // The first round touches the weights for the first time.
    if (round === 0) continue;
    prefillMs = Math.min(prefillMs, prefilled);
    decodeMs = Math.min(decodeMs, steps[stepCount >> 1] ?? Infinity);
  }
  const { kernels, cpuVariant } = library;
  context.close();
  model.close();
  library.close();
  return {
    ...{ kernels, cpuVariant, logits },
    prefill: (1000 * promptTokenCount) / prefillMs,
    decode: 1000 / decodeMs,
  };
}
