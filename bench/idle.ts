import { createBareLoop, type BareLoop } from './bare-loop.ts';
import { alternating, type Benchmark } from './benchmark.ts';
import { createEngineLoop, type Prompt } from './engine-loop.ts';
import { loadInProcess } from './in-process.ts';
import { median, rounded, summarize } from './stats.ts';
import { distinctPrompts } from './token-prompts.ts';

const batches = [1, 16];
const finishedCount = 14;
const finishedTokenCount = 1000;
const streamTokenCount = 16;
const cellCount = 24_576;
const parallelCount = 16;
/** Of the finished tokens, at least this share must still be served from a cache after the measurement. */
const keptShare = 0.95;

interface Steps {
  readonly medianMs: number;
  readonly meanMs: number;
}

/** The time of a step while 14,000 tokens of finished prompts are cached, over its time while none are. */
export const idle: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 3);
  const stepCount = 128;
  const { model, context, curve, close } = await loadInProcess(setup, { cellCount, parallelCount });
  const prompts = distinctPrompts(model.vocabulary, finishedCount + parallelCount, finishedTokenCount);
  const finished = prompts.slice(0, finishedCount);
  const streams = prompts.slice(finishedCount).map((prompt) => prompt.slice(0, streamTokenCount));

  setup.progress('bare loop, with and without the finished prompts in the pool');
  const bare = createBareLoop(model, {
    cellCount,
    sequenceCount: finishedCount + parallelCount,
    threadCount: setup.threadCount,
  });
  const left = measureLeftInPool(bare, streams, finished);
  bare.close();

  const options = { parallelCount, hostCacheBytes: 2 ** 30, curve };
  const measured = new Map(batches.map((batch) => [batch, { none: [] as Steps[], cached: [] as Steps[] }]));
  const kept: number[] = [];
  try {
    for (const [state, repeat] of alternating(['none', 'cached'] as const, repeatCount)) {
      for (const batch of batches) {
        setup.progress(`repeat ${repeat + 1} of ${repeatCount}: batch ${batch}, ${state}`);
        const loop = createEngineLoop(model, context, options);
        const asked = finished.map((tokens): Prompt => ({ tokens, outputTokenCount: 1 }));
        if (state === 'cached') await loop.run(asked);
        const own = streams.slice(0, batch);
        const { steps } = await loop.run(own.map((tokens) => ({ tokens, outputTokenCount: stepCount + 1 })));
        const full = steps.filter((step) => step.batchTokenCount === batch);
        if (full.length < stepCount - 1) throw new Error(`only ${full.length} steps ran the full batch`);
        const times = full.map((step) => step.milliseconds);
        const meanMs = times.reduce((sum, time) => sum + time, 0) / times.length;
        measured.get(batch)?.[state].push({ medianMs: median(times), meanMs });
        if (state === 'cached') {
          const again = await loop.run(asked);
          const cached = again.cachedTokenCounts.reduce((sum, count) => sum + count, 0);
          kept.push(cached / (finishedCount * finishedTokenCount));
        }
      }
    }
  } finally {
    close();
  }
  const least = Math.min(...kept);
  if (least < keptShare) {
    throw new Error(
      `only ${rounded(100 * least, 3)}% of the finished tokens were still cached: nothing to compare`,
    );
  }
  return judge(measured, left, [
    `${repeatCount} alternating repeats of ${stepCount} steps, in one process, in our loop; ${finishedCount} prompts of ` +
      `${finishedTokenCount} tokens finish, and the streams start at the very next step.`,
    'idle_ratio is the larger of the two batches, of median steps; the mean also holds the steps that moved ' +
      'prefixes out of the pool. "left in the pool": a bare llama_decode loop with the same tokens lying in the pool.',
    `Checked: after each measurement the finished prompts were asked again, and at least ` +
      `${rounded(100 * least, 3)}% of their tokens came from the cache.`,
  ]);
};

/** What cells that nobody reads would cost: a bare step with the finished prompts in the pool, over one without. */
function measureLeftInPool(
  bare: BareLoop,
  streams: readonly (readonly number[])[],
  finished: readonly (readonly number[])[],
): ReadonlyMap<number, number> {
  const left = new Map<number, number>();
  for (const batch of batches) {
    const own = streams.slice(0, batch);
    left.set(batch, median(bare.run(own, 32, finished)) / median(bare.run(own, 32)));
  }
  return left;
}

function judge(
  measured: ReadonlyMap<number, { readonly none: readonly Steps[]; readonly cached: readonly Steps[] }>,
  left: ReadonlyMap<number, number>,
  notes: readonly string[],
) {
  const results = [...measured].map(([batch, { none, cached }]) => {
    const middle = (list: readonly Steps[], of: keyof Steps): number =>
      median(list.map((steps) => steps[of]));
    return {
      batch,
      none: summarize(none.map((steps) => steps.medianMs)),
      cached: summarize(cached.map((steps) => steps.medianMs)),
      ratio: middle(cached, 'medianMs') / middle(none, 'medianMs'),
      meanRatio: middle(cached, 'meanMs') / middle(none, 'meanMs'),
    };
  });
  const worst = Math.max(...results.map((one) => one.ratio));
  return {
    figures: {
      idle_ratio: rounded(worst),
      idle_ratio_by_batch: Object.fromEntries(results.map((one) => [String(one.batch), rounded(one.ratio)])),
    },
    targets: [{ key: 'idle_ratio', value: worst, atMost: 1.15 }],
    rows: results.map((one) => ({
      label: `batch ${one.batch}`,
      cells: {
        'none ms': rounded(one.none.median),
        'none min-max': `${rounded(one.none.min, 3)}-${rounded(one.none.max, 3)}`,
        'cached ms': rounded(one.cached.median),
        'cached min-max': `${rounded(one.cached.min, 3)}-${rounded(one.cached.max, 3)}`,
        ratio: rounded(one.ratio, 3),
        'ratio of means': rounded(one.meanRatio, 3),
        'left in the pool': rounded(left.get(one.batch) ?? NaN, 3),
      },
    })),
    notes,
  };
}
