import { createBareLoop } from './bare-loop.ts';
import { alternating, type Benchmark } from './benchmark.ts';
import { createEngineLoop, type EngineLoop, type Prompt } from './engine-loop.ts';
import { loadInProcess } from './in-process.ts';
import { distinctPrompts } from './token-prompts.ts';
import { median, rounded, summarize } from './stats.ts';

const batches = [1, 2, 4, 8, 16, 32];
const promptTokenCount = 16;
const cellCount = 8192;
const widest = 32;

/**
 * Decode at several batch sizes in our loop (schedule, decode, sample, text, parts), as a share of a bare
 * `llama_decode` loop at the same batch, threads and context length.
 */
export const scale: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 2 : 7);
  const stepCount = setup.quick ? 24 : 64;
  const { model, context, curve, close } = await loadInProcess(setup, { cellCount, parallelCount: widest });
  const { threadCount } = setup;
  const bare = createBareLoop(model, { cellCount, sequenceCount: widest, threadCount });
  const prompts = distinctPrompts(model.vocabulary, widest, promptTokenCount);
  try {
    const speeds = new Map(batches.map((batch) => [batch, { bare: [] as number[], ours: [] as number[] }]));
    for (const batch of batches) {
      for (const [side, repeat] of alternating(['bare', 'ours'] as const, repeatCount)) {
        setup.progress(`batch ${batch}, repeat ${repeat + 1} of ${repeatCount}: ${side}`);
        const own = prompts.slice(0, batch);
        const times =
          side === 'bare'
            ? bare.run(own, stepCount)
            : await fullSteps(
                createEngineLoop(model, context, { parallelCount: widest, hostCacheBytes: 0, curve }),
                own.map((prompt): Prompt => ({ tokens: prompt, outputTokenCount: stepCount + 1 })),
                stepCount,
              );
        // The mean: a loop that stumbles every few steps must not hide it behind a median.
        const total = times.reduce((sum, time) => sum + time, 0);
        speeds.get(batch)?.[side].push((batch * times.length * 1000) / total);
      }
    }
    const results = batches.map((batch) => {
      const { bare: reference, ours } = speeds.get(batch) ?? { bare: [], ours: [] };
      return { batch, reference, ours, efficiency: median(ours) / median(reference) };
    });
    const range = (values: readonly number[]): string => {
      const { min, max } = summarize(values);
      return `${rounded(min, 3)}-${rounded(max, 3)}`;
    };
    return {
      figures: {
        efficiency: Object.fromEntries(results.map((one) => [String(one.batch), rounded(one.efficiency)])),
      },
      targets: results.map((one) => ({
        key: `efficiency.${one.batch}`,
        value: one.efficiency,
        atLeast: 0.9,
      })),
      rows: results.map((one) => ({
        label: `batch ${one.batch}`,
        cells: {
          'nearfar tokens/s': rounded(median(one.ours)),
          'nearfar min-max': range(one.ours),
          'bare tokens/s': rounded(median(one.reference)),
          'bare min-max': range(one.reference),
          efficiency: rounded(one.efficiency, 3),
        },
      })),
      notes: [
        `${repeatCount} alternating repeats of ${stepCount} steps after ${promptTokenCount}-token prompts, in one ` +
          'process. Ours: scheduler, decode, greedy sampling, text, parts serialised as for the gateway; the bare ' +
          'loop: llama_decode with logits computed and not read. No HTTP.',
        'Checked: every stream of ours gave the asked number of tokens in steps of the full batch.',
      ],
    };
  } finally {
    bare.close();
    close();
  }
};

/** Times of the steps in which all streams decoded together. */
async function fullSteps(loop: EngineLoop, prompts: readonly Prompt[], stepCount: number): Promise<number[]> {
  const { steps } = await loop.run(prompts);
  const full = steps.filter((step) => step.batchTokenCount === prompts.length);
  if (full.length < stepCount - 1) {
    throw new Error(`only ${full.length} of ${stepCount} steps ran the full batch of ${prompts.length}`);
  }
  return full.map((step) => step.milliseconds);
}
