import { createBareLoop } from './bare-loop.ts';
import type { Benchmark, BenchmarkResult, BenchmarkSetup } from './benchmark.ts';
import { createEngineLoop, type EngineLoop, type Prompt } from './engine-loop.ts';
import { loadInProcess, type InProcess } from './in-process.ts';
import { median, rounded, summarize } from './stats.ts';
import { distinctPrompts } from './token-prompts.ts';

const batches = [1, 16] as const;
const finishedCount = 14;
const finishedTokenCount = 1000;
const streamTokenCount = 16;
const stepCount = 128;
const cellCount = 24_576;
const parallelCount = 16;
/** Of the finished tokens, at least this share must still be served from a cache after a measurement. */
const keptShare = 0.95;

/**
 * When the streams start: with nothing cached; after prompts finished and the engine came to rest; or at the very next
 * step after the prompts finished, so that the engine has to move them while it serves.
 */
const states = ['none', 'rested', 'at once'] as const;
type State = (typeof states)[number];

/** Milliseconds of a step: the median of the first 128 full steps, and of the 128 after them. */
interface StepTime {
  readonly early: number;
  readonly late: number;
}

type Measured = ReadonlyMap<number, Readonly<Record<State, StepTime[]>>>;

/** The time of a step while 14,000 tokens of finished prompts are cached, over its time while none are. */
export const idle: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 3);
  const loaded = await loadInProcess(setup, { cellCount, parallelCount });
  try {
    const leftInPool = measureLeftInPool(setup, loaded);
    const measured: Measured = new Map(
      batches.map((batch) => [batch, { none: [], rested: [], 'at once': [] }]),
    );
    let leastKept = 1;
    for (let repeat = 0; repeat < repeatCount; repeat++) {
      const report = (text: string): void => {
        setup.progress(`repeat ${repeat + 1} of ${repeatCount}: ${text}`);
      };
      // Turned round in every other repeat, so that a drift of the machine falls on all states alike.
      for (const isCached of repeat % 2 === 0 ? [false, true] : [true, false]) {
        const kept = await measure(loaded, isCached, measured, report);
        leastKept = Math.min(leastKept, kept);
      }
    }
    if (leastKept < keptShare) {
      throw new Error(
        `only ${percent(leastKept)} of the finished tokens were still cached: nothing to compare`,
      );
    }
    return judge(measured, leftInPool, repeatCount, leastKept);
  } finally {
    loaded.close();
  }
};

/** All batches in an engine that is new, or that has the finished prompts. Returns the least share still cached. */
async function measure(
  loaded: InProcess,
  isCached: boolean,
  measured: Measured,
  report: (text: string) => void,
): Promise<number> {
  const { model, context, curve } = loaded;
  const prompts = distinctPrompts(model.vocabulary, finishedCount + 4 * parallelCount, finishedTokenCount);
  const finished = prompts.slice(0, finishedCount).map((tokens): Prompt => ({ tokens, outputTokenCount: 1 }));
  // Streams of their own for every measurement: none may profit from what another left behind.
  const streams = prompts.slice(finishedCount).map((tokens) => tokens.slice(0, streamTokenCount));
  const loop = createEngineLoop(model, context, { parallelCount, hostCacheBytes: 2 ** 30, curve });
  if (isCached) {
    report('computing the prompts that finish');
    await loop.run(finished);
  }
  let leastKept = 1;
  for (const state of states.filter((one) => (one !== 'none') === isCached)) {
    for (const batch of batches) {
      report(`batch ${batch}, ${state}`);
      if (state === 'rested') await loop.rest();
      const steps = await timeSteps(loop, streams.splice(0, batch));
      measured.get(batch)?.[state].push(steps);
      if (!isCached) continue;
      // Asking them again shows that they are cached, and brings them back into the pool for the next measurement.
      const { cachedTokenCounts } = await loop.run(finished);
      const cached = cachedTokenCounts.reduce((sum, count) => sum + count, 0);
      leastKept = Math.min(leastKept, cached / (finishedCount * finishedTokenCount));
    }
  }
  return leastKept;
}

async function timeSteps(loop: EngineLoop, streams: readonly (readonly number[])[]): Promise<StepTime> {
  const prompts = streams.map((tokens): Prompt => ({ tokens, outputTokenCount: 2 * stepCount + 2 }));
  const { steps } = await loop.run(prompts);
  const full = steps
    .filter((step) => step.batchTokenCount === streams.length)
    .map((step) => step.milliseconds);
  if (full.length < 2 * stepCount) {
    throw new Error(`only ${full.length} steps ran the full batch of ${streams.length}`);
  }
  return { early: median(full.slice(0, stepCount)), late: median(full.slice(stepCount)) };
}

/** The reference: a bare `llama_decode` step of 16 with the finished prompts in the pool, over one without. */
function measureLeftInPool(setup: BenchmarkSetup, { model }: InProcess): number {
  setup.progress('bare loop, with and without the finished prompts in the pool');
  const sequenceCount = finishedCount + parallelCount;
  const bare = createBareLoop(model, { cellCount, sequenceCount, threadCount: setup.threadCount });
  const prompts = distinctPrompts(model.vocabulary, sequenceCount, finishedTokenCount);
  const streams = prompts.slice(finishedCount).map((prompt) => prompt.slice(0, streamTokenCount));
  try {
    const full = median(bare.run(streams, 32, prompts.slice(0, finishedCount)));
    return full / median(bare.run(streams, 32));
  } finally {
    bare.close();
  }
}

function judge(
  measured: Measured,
  leftInPool: number,
  repeatCount: number,
  leastKept: number,
): BenchmarkResult {
  const results = [...measured].map(([batch, times]) => {
    const middle = (state: State, of: keyof StepTime): number => median(times[state].map((time) => time[of]));
    return {
      batch,
      times,
      rested: middle('rested', 'early') / middle('none', 'early'),
      early: middle('at once', 'early') / middle('none', 'early'),
      late: middle('at once', 'late') / middle('none', 'late'),
    };
  });
  const worst = Math.max(...results.map((one) => one.rested));
  const worstAtOnce = Math.max(...results.map((one) => one.late));
  const cell = (values: readonly StepTime[]): string => {
    const { median: middle, min, max } = summarize(values.map((time) => time.early));
    return `${rounded(middle, 3)} (${rounded(min, 3)}-${rounded(max, 3)})`;
  };
  return {
    figures: { idle_ratio: rounded(worst), idle_at_once_ratio: rounded(worstAtOnce) },
    targets: [{ key: 'idle_ratio', value: worst, atMost: 1.15 }],
    rows: results.map((one) => ({
      label: `batch ${one.batch}`,
      cells: {
        'none ms': cell(one.times.none),
        'rested ms': cell(one.times.rested),
        'rested ratio': rounded(one.rested, 3),
        'at once, steps 1-128': rounded(one.early, 3),
        'at once, steps 129-256': rounded(one.late, 3),
      },
    })),
    notes: [
      `${repeatCount} alternating repeats of ${2 * stepCount} steps (medians of ${stepCount}), in one process, in our ` +
        `loop, after ${finishedCount} prompts of ${finishedTokenCount} tokens had finished.`,
      'idle_ratio: streams that start once the engine has come to rest, the larger of the two batches. ' +
        'idle_at_once_ratio: streams that start at the very next step after the prompts finished, from their 129th ' +
        'step on.',
      `For comparison, a bare llama_decode step of 16 with the same tokens left in the pool took ` +
        `${rounded(leftInPool, 3)} times one without.`,
      `Checked: after each measurement the finished prompts were asked again, and at least ${percent(leastKept)} of ` +
        'their tokens came from the cache.',
    ],
  };
}

function percent(share: number): string {
  return `${rounded(100 * share, 3)}%`;
}
