import { afterAll, beforeAll, expect, it } from 'vitest';
import { nearTieGap } from '../bench/agreement.ts';
import { createEngineLoop, type LoopAnswer } from '../bench/engine-loop.ts';
import { loadInProcess as loadBenched } from '../bench/in-process.ts';
import { loadDraftModel } from '../src/engine/load-draft.ts';
import { createContext } from '../src/engine/llama/context.ts';
import { openLibrary } from '../src/engine/llama/library.ts';
import { loadModel, type LlamaModel } from '../src/engine/llama/model.ts';
import type { DraftLoadOptions } from '../src/engine/protocol.ts';
import { draftRowCount } from '../src/engine/speculation/speculator.ts';
import type { SpeculationSetting } from '../src/engine/speculation/speculation-setting.ts';
import { testWeights } from './weights.ts';

/** Steps hardly longer for more tokens, so that `auto` drafts. */
const curve = {
  points: [
    { tokenCount: 1, milliseconds: 10 },
    { tokenCount: 64, milliseconds: 12 },
  ],
  attention: [{ tokenCount: 1, readMsPerCell: 0, maskedMsPerCell: 0 }],
  readersApart: false,
};
/** Two would wait for each other at every layer, for long where the machine is busy. */
const threadCount = 1;
/** However slow the machine is just now, no step is too long. */
const targetInterTokenMs = 1e6;
const prompt =
  '<|im_start|>user\nRepeat: one apple, two pears, three plums, four figs, five dates, six limes.<|im_end|>\n' +
  '<|im_start|>assistant\none apple, two pears, three';

let model: LlamaModel;

beforeAll(async () => {
  const library = openLibrary({ backend: 'cpu', onLog: () => undefined });
  model = await loadModel(library, { path: await testWeights('smollm2-q4_0'), gpuLayerCount: 0 });
}, 300_000);
afterAll(() => {
  model.close();
  model.library.close();
});

/** One answer, and the most of another of the same prompt that follows it in the cache. */
async function answersWith(speculation: SpeculationSetting) {
  const context = createContext(model, {
    cellCount: 512,
    batchTokenCount: 64,
    sequenceCount: 16,
    outputCount: 1 + draftRowCount,
    threadCount,
  });
  const loop = createEngineLoop(model, context, {
    parallelCount: 1,
    hostCacheBytes: 0,
    curve,
    speculation,
    targetInterTokenMs,
  });
  const tokens = [...model.vocabulary.tokenize(prompt, { addSpecial: true, parseSpecial: true })];
  const first = await loop.run([{ tokens, outputTokenCount: 24 }]);
  // Reads cells that were written beside rejected ones.
  const [answer] = first.answers;
  const longer = [...tokens, ...(answer?.tokens ?? []), ...tokens.slice(0, 4)];
  const second = await loop.run([{ tokens: longer, outputTokenCount: 12 }]);
  context.close();
  return { first: first.answers[0], second: second.answers[0], stepCount: first.steps.length };
}

it('answers alike with drafts and without over real weights, in fewer steps', async () => {
  const plain = await answersWith('off');
  for (const setting of ['auto', 4] as const) {
    const drafting = await answersWith(setting);
    expect(drafting.first?.tokens).toEqual(plain.first?.tokens);
    expect(drafting.second?.tokens).toEqual(plain.second?.tokens);
    expect(drafting.first?.acceptedTokenCount).toBeGreaterThan(5);
    expect(drafting.stepCount).toBeLessThan(plain.stepCount);
  }
}, 60_000);

it('drafts with a smaller model for a larger one, which says what it says without', async () => {
  const draft = {
    modelPath: await testWeights('smollm2-q4_0'),
    modelId: 'draft',
    sizeBytes: 0,
    kvType: 'f16',
    curvePath: null,
  } as const;
  const loaded = await loadInProcess(await testWeights('smollm2-q8_0'), draft);
  const { context, draftModel } = loaded;
  if (draftModel === null) throw new Error('no draft model');
  const text = '<|im_start|>user\nWrite about the sea.<|im_end|>\n<|im_start|>assistant\n';
  const tokens = [...loaded.model.vocabulary.tokenize(text, { addSpecial: true, parseSpecial: true })];
  const options = { parallelCount: 2, hostCacheBytes: 0, curve, targetInterTokenMs };
  const prompts = [0, 1].map(() => ({ tokens, outputTokenCount: 40 }));
  try {
    const plain = createEngineLoop(loaded.model, context, { ...options, notesRunnersUp: true });
    const expected = (await plain.run(prompts)).answers;
    for (const speculation of ['auto', 4] as const) {
      const loop = createEngineLoop(loaded.model, context, { ...options, speculation, draftModel });
      const { answers, steps } = await loop.run(prompts);
      answers.forEach((answer, index) => {
        expectAlike(answer.tokens, expected[index]);
      });
      // What pays is for the machine to say.
      if (speculation === 'auto') continue;
      const accepted = answers.reduce((sum, answer) => sum + answer.acceptedTokenCount, 0);
      expect(accepted).toBeGreaterThan(20);
      expect(steps.length).toBeLessThan(38);
    }
    expect(draftModel.decoder.cellCount).toBe(context.cellCount);
  } finally {
    loaded.close();
  }
}, 180_000);

it('refuses a draft model with another vocabulary, and names both', async () => {
  const draft = {
    modelPath: await testWeights('gemma3-270m'),
    modelId: 'gemma',
    sizeBytes: 0,
    kvType: 'f16',
    curvePath: null,
  } as const;
  const options = { modelId: 'smollm2', draft, gpuLayerCount: 0 };
  await expect(loadDraftModel(options, model, 512)).rejects.toMatchObject({
    kind: 'unsupported',
    field: 'engine.draft',
    message: 'gemma cannot draft for smollm2: their vocabularies differ: 49152 tokens and 262144.',
  });
}, 120_000);

function loadInProcess(modelPath: string, draft: DraftLoadOptions) {
  const setup = { modelPath, threadCount, kernels: null, progress: () => undefined };
  return loadBenched(setup, { cellCount: 1024, parallelCount: 2, draft });
}

/** Token by token the same, or parted where the likeliest were all but equal: batches of other widths round otherwise. */
function expectAlike(tokens: readonly number[], expected: LoopAnswer | undefined): void {
  const at = expected?.tokens.findIndex((token, index) => tokens[index] !== token) ?? -1;
  if (at < 0) return;
  const others = expected?.runnersUp[at]?.filter(({ gap }) => gap < nearTieGap);
  expect(others?.map(({ token }) => token)).toContain(tokens[at]);
}
