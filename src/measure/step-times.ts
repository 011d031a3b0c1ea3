import { availableParallelism } from 'node:os';
import { createContext, type LlamaContext } from '../engine/llama/context.ts';
import { openLibrary, type LibraryOptions } from '../engine/llama/library.ts';
import { loadModel } from '../engine/llama/model.ts';
import { createRandom } from '../engine/sampling/random.ts';

/** Models whose steps alternate: together larger than the caches, each finds them full of the others' weights. */
export interface TimedGroup {
  readonly models: readonly TimedModel[];
  /** Numbers of sequences that decode together. */
  readonly batchSizes: readonly number[];
}

export interface TimedModel {
  readonly path: string;
  /** Also steps with so many tokens before them; 0: none. */
  readonly deepTokenCount: number;
}

export interface StepTimesRequest {
  /** Take turns in every round, so that what this machine is slower at for a minute is slower for all. */
  readonly groups: readonly TimedGroup[];
  readonly backend: NonNullable<LibraryOptions['backend']>;
  /** `null`: all processors. */
  readonly threadCount: number | null;
  /** Tokens of a prefill in one step. */
  readonly prefillTokenCount: number;
  /** See `LibraryOptions`. @default null */
  readonly builtKernels?: string | null;
}

/** Milliseconds, each of the best round: what other programs take from a round is not the model's. */
export interface StepTimes {
  readonly prefillMs: number;
  /** In the order of the group's `batchSizes`: a token for each sequence, the median of `decodeStepCount` steps from an empty cache. */
  readonly decodeMs: readonly number[];
  /** `null` where nothing deep was asked for. */
  readonly deep: DeepTimes | null;
}

/** With `deepTokenCount` tokens in the cache. */
export interface DeepTimes {
  readonly prefillMs: number;
  /** One sequence goes on behind them and the prefill. */
  readonly decodeMs: number;
  /** Another sequence begins, which may not look at them. */
  readonly besideMs: number;
}

export interface GroupTimes {
  readonly threadCount: number;
  /** As the groups were asked for. */
  readonly groups: readonly (readonly StepTimes[])[];
}

const roundCount = 5;
export const decodeStepCount = 16;

interface Timed extends TimedModel {
  readonly context: LlamaContext;
  readonly prefills: number[];
  readonly decodes: readonly number[][];
  readonly deep: { readonly prefills: number[]; readonly decodes: number[]; readonly besides: number[] };
}

/** Times the steps of models; blocks this thread: `measureStepTimes` runs it in a process of its own. */
export async function measureStepTimesHere(
  request: StepTimesRequest,
  report: (fraction: number) => void = () => undefined,
): Promise<GroupTimes> {
  const { prefillTokenCount } = request;
  const library = openLibrary({
    backend: request.backend,
    builtKernels: request.builtKernels ?? null,
    onLog: (level, line) => {
      if (level === 'error') console.error(line);
    },
  });
  const threadCount = request.threadCount ?? availableParallelism();
  const closing: (() => void)[] = [];
  let first: LlamaContext | null = null;
  const open = async (timedModel: TimedModel, batchSizes: readonly number[]): Promise<Timed> => {
    const widest = Math.max(2, ...batchSizes);
    const model = await loadModel(library, { path: timedModel.path, gpuLayerCount: 'auto' });
    const context: LlamaContext = createContext(model, {
      cellCount: timedModel.deepTokenCount + prefillTokenCount + widest * 2 * decodeStepCount,
      batchTokenCount: prefillTokenCount,
      sequenceCount: widest,
      outputCount: widest,
      threadCount,
      // Waiting workers of two pools would disturb each other.
      ...(first === null ? {} : { threadpools: first.threadpools }),
    });
    first ??= context;
    // In the order that frees the first context, whose pool it is, last.
    closing.unshift(() => {
      context.close();
      model.close();
    });
    const deep = { prefills: [], decodes: [], besides: [] };
    return { ...timedModel, context, prefills: [], decodes: batchSizes.map(() => []), deep };
  };
  const groups: { readonly models: readonly Timed[]; readonly batchSizes: readonly number[] }[] = [];
  for (const { models, batchSizes } of request.groups) {
    const opened: Timed[] = [];
    for (const one of models) opened.push(await open(one, batchSizes));
    groups.push({ models: opened, batchSizes });
  }
  // The first round touches the weights for the first time, and is not counted.
  for (let round = 0; round <= roundCount; round++) {
    groups.forEach(({ models, batchSizes }, index) => {
      timeRound(models, prefillTokenCount, batchSizes, round > 0);
      report((round + (index + 1) / groups.length) / (roundCount + 1));
    });
  }
  for (const close of closing) close();
  library.close();
  return { threadCount, groups: groups.map(({ models }) => models.map(bestOf)) };
}

function timeRound(
  group: readonly Timed[],
  prefillTokenCount: number,
  batchSizes: readonly number[],
  isCounted: boolean,
): void {
  const random = createRandom(3);
  const count = (into: number[] | undefined, time: number): void => {
    if (isCounted) into?.push(time);
  };
  for (const { context, deepTokenCount, prefills, deep } of group) {
    context.clearCells();
    count(prefills, prefill(context, 0, prefillTokenCount, random));
    if (deepTokenCount > 0) {
      for (let at = prefillTokenCount; at < deepTokenCount; at += prefillTokenCount)
        prefill(context, at, prefillTokenCount, random);
      count(deep.prefills, prefill(context, deepTokenCount, prefillTokenCount, random));
    }
  }
  // All of a group, also where only some are asked for: what ran between is what empties the caches.
  const steps = (from: (one: Timed) => number, sequences: readonly number[]): readonly number[] => {
    const times = group.map((): number[] => []);
    for (let step = 0; step < decodeStepCount; step++)
      group.forEach((one, index) => {
        times[index]?.push(decode(one.context, from(one) + step, sequences, random));
      });
    return times.map(median);
  };
  if (group.some(({ deepTokenCount }) => deepTokenCount > 0)) {
    const behind = steps(({ deepTokenCount }) => deepTokenCount + prefillTokenCount, [0]);
    const beside = steps(() => 0, [1]);
    group.forEach(({ deep }, index) => {
      count(deep.decodes, behind[index] ?? NaN);
      count(deep.besides, beside[index] ?? NaN);
    });
  }
  batchSizes.forEach((batchSize, at) => {
    for (const { context } of group) context.clearCells();
    const sequences = Array.from({ length: batchSize }, (_, sequence) => sequence);
    steps(() => 0, sequences).forEach((time, index) => {
      count(group[index]?.decodes[at], time);
    });
  });
}

type Random = ReturnType<typeof createRandom>;

const token = (context: LlamaContext, random: Random): number =>
  Math.floor(random() * context.vocabTokenCount);

function prefill(context: LlamaContext, from: number, tokenCount: number, random: Random): number {
  return timed(context, () => {
    let row = 0;
    for (let index = 0; index < tokenCount; index++)
      row = context.addToken(token(context, random), from + index, 0, index === tokenCount - 1);
    return [row];
  });
}

function decode(
  context: LlamaContext,
  position: number,
  sequences: readonly number[],
  random: Random,
): number {
  return timed(context, () =>
    sequences.map((sequence) => context.addToken(token(context, random), position, sequence, true)),
  );
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

function bestOf({ prefills, decodes, deep, deepTokenCount }: Timed): StepTimes {
  const best = (times: readonly number[]): number => Math.min(...times);
  return {
    prefillMs: best(prefills),
    decodeMs: decodes.map(best),
    deep:
      deepTokenCount === 0
        ? null
        : {
            prefillMs: best(deep.prefills),
            decodeMs: best(deep.decodes),
            besideMs: best(deep.besides),
          },
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? NaN;
}
