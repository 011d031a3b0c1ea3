import { createContext } from '../src/engine/llama/context.ts';
import type { LlamaModel } from '../src/engine/llama/model.ts';
import { draftRowCount } from '../src/engine/speculation/speculator.ts';
import type { BenchmarkSetup } from './benchmark.ts';
import { countedTokenCount } from './counted-tokens.ts';
import { createEngineLoop, type EngineLoop, type LoopAnswer } from './engine-loop.ts';
import { loadInProcess } from './in-process.ts';
import type { BenchedModel } from './speculate-models.ts';
import type { Agreement, Job, ModelState } from './speculate-state.ts';
import { measureWidthNoise, type WidthNoise } from './width-noise.ts';
import { code } from './workloads/code.ts';
import { extraction } from './workloads/extraction.ts';
import { story } from './workloads/story.ts';
import { summary } from './workloads/summary.ts';
import type { WorkloadPrompt } from './workloads/workload.ts';

const cellCount = 4096;
export const leastCountedTokenCount = 16;

export interface RoundsSetup {
  readonly repeatCount: number;
  /** Whether another round may begin. */
  readonly hasTime: () => boolean;
  /** After each round. */
  readonly save: () => Promise<void>;
}

/** Rounds of our loop with and without drafts, as many as are still wanted and there is time for. */
export async function measureOwn(
  setup: BenchmarkSetup,
  model: BenchedModel,
  state: ModelState,
  { repeatCount, hasTime, save }: RoundsSetup,
): Promise<void> {
  if (state.ours.drafting.length >= repeatCount || !hasTime()) return;
  const loaded = await loadInProcess(
    { ...setup, modelPath: model.path },
    {
      cellCount,
      parallelCount: 1,
      ...(model.draftPath !== null && {
        draft: { modelPath: model.draftPath, modelId: 'draft', sizeBytes: 0, kvType: 'f16', curvePath: null },
      }),
    },
  );
  const plainContext = createContext(loaded.model, {
    cellCount,
    batchTokenCount: 512,
    sequenceCount: 256,
    outputCount: 1 + draftRowCount,
    threadCount: setup.threadCount,
    threadpools: loaded.context.threadpools,
  });
  const options = { parallelCount: 1, hostCacheBytes: 0, curve: loaded.curve };
  try {
    if (state.jobs.length === 0) {
      setup.progress(`${model.name}: which tokens count`);
      const noting = createEngineLoop(loaded.model, plainContext, { ...options, notesRunnersUp: true });
      state.jobs.push(...(await createJobs(setup, loaded.model, noting)));
      setup.progress(`${model.name}: what the width of steps moves`);
      state.noise = measureWidthNoise(plainContext, state.jobs);
      await save();
    }
    const { jobs, noise } = state;
    if (noise === null) throw new Error('--resume: the file holds answers without the noise of their logits');
    // A round begins with an engine that knows nothing of the answers of the one before, on either side.
    const begin = {
      plain: () => createEngineLoop(loaded.model, plainContext, options),
      drafting: () =>
        createEngineLoop(loaded.model, loaded.context, {
          ...options,
          speculation: 'auto',
          ...(loaded.draftModel !== null && { draftModel: loaded.draftModel }),
        }),
    };
    for (let round = state.ours.drafting.length; round < repeatCount && hasTime(); round++) {
      const sides = ['plain', 'drafting'] as const;
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
        setup.progress(`${model.name}: round ${round + 1} of ${repeatCount}, ${side}`);
        const loop = begin[side]();
        // Brings the prompts into the cache.
        await runAll(
          loop,
          jobs.map((job) => ({ ...job, outputTokenCount: 2 })),
        );
        const answers = await runAll(loop, jobs);
        state.ours[side].push(answers.map(({ decodeMs }) => decodeMs));
        if (side === 'plain') continue;
        state.drafted.push(answers.map(({ draftedTokenCount }) => draftedTokenCount));
        state.accepted.push(answers.map(({ acceptedTokenCount }) => acceptedTokenCount));
        answers.forEach((answer, index) => {
          const job = jobs[index];
          if (job !== undefined) compare(state.agreement, job, answer, noise);
        });
      }
      await save();
    }
  } finally {
    plainContext.close();
    loaded.close();
  }
}

/** Where an answer parts from the one without drafts, the gap must be within what widths move it by. */
function compare(
  agreement: Agreement,
  { expected, runnersUp }: Job,
  { tokens }: LoopAnswer,
  noise: WidthNoise,
): void {
  const at = expected.findIndex((token, position) => tokens[position] !== token);
  if (at < 0) {
    agreement.sameCount++;
    return;
  }
  agreement.partedCount++;
  const gap = runnersUp[at]?.find(({ token }) => token === tokens[at])?.gap;
  if (gap === undefined) {
    agreement.widestGap = null;
    return;
  }
  if (gap <= noise.largest) agreement.tieCount++;
  if (agreement.widestGap !== null) agreement.widestGap = Math.max(agreement.widestGap, gap);
}

export const longestOf = (setup: BenchmarkSetup): number => (setup.quick ? 64 : 96);

/** The prompts as tokens, and what counts of the answers. */
async function createJobs(setup: BenchmarkSetup, model: LlamaModel, loop: EngineLoop): Promise<Job[]> {
  const { vocabulary } = model;
  const wanted = longestOf(setup);
  const jobs: Job[] = [];
  for (const { name, prompts } of [code, extraction, summary, story]) {
    for (const prompt of setup.quick ? prompts.slice(0, 2) : prompts) {
      const tokens = promptTokens(model, prompt);
      const run = async (outputTokenCount: number) =>
        (await loop.run([{ tokens, outputTokenCount }])).answers[0];
      // The first run computes the prompt; the second finds it in the cache, as all later ones do.
      await run(1);
      const answer = await run(wanted);
      if (answer === undefined) continue;
      const counted = countedTokenCount(answer.tokens, (token) => vocabulary.isEndOfGeneration(token));
      if (counted < leastCountedTokenCount) continue;
      const expected = answer.tokens.slice(0, counted);
      jobs.push({ workload: name, tokens, outputTokenCount: counted, expected, runnersUp: answer.runnersUp });
    }
  }
  return jobs;
}

/** In ChatML where the vocabulary knows it; else, as for a base model, as plain text. */
function promptTokens({ vocabulary }: LlamaModel, { user, begin }: WorkloadPrompt): number[] {
  const isChat = vocabulary.tokenize('<|im_start|>', { addSpecial: false, parseSpecial: true }).length === 1;
  const text = isChat
    ? `<|im_start|>user\n${user}<|im_end|>\n<|im_start|>assistant\n${begin}`
    : `${user}\n${begin}`;
  return [...vocabulary.tokenize(text, { addSpecial: true, parseSpecial: isChat })];
}

async function runAll(
  loop: EngineLoop,
  jobs: readonly Pick<Job, 'tokens' | 'outputTokenCount'>[],
): Promise<LoopAnswer[]> {
  const answers: LoopAnswer[] = [];
  for (const job of jobs) answers.push(...(await loop.run([job])).answers);
  return answers;
}
