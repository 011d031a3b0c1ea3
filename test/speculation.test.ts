import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngineLoop } from '../bench/engine-loop.ts';
import { createContext } from '../src/engine/llama/context.ts';
import { openLibrary } from '../src/engine/llama/library.ts';
import { loadModel, type LlamaModel } from '../src/engine/llama/model.ts';
import { draftRowCount, type SpeculationSetting } from '../src/engine/speculation/speculator.ts';
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
    threadCount: 2,
  });
  const loop = createEngineLoop(model, context, { parallelCount: 1, hostCacheBytes: 0, curve, speculation });
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
