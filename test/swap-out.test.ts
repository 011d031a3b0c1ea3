import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngineLoop, type Prompt } from '../bench/engine-loop.ts';
import { createContext } from '../src/engine/llama/context.ts';
import { openLibrary } from '../src/engine/llama/library.ts';
import { loadModel, type LlamaModel } from '../src/engine/llama/model.ts';
import { testWeights } from './weights.ts';

/** Bulk steps aside for a person and goes on, over real weights. One place, so that there is no other way. */

const curve = {
  points: [
    { tokenCount: 1, milliseconds: 5 },
    { tokenCount: 64, milliseconds: 40 },
  ],
  attention: [{ tokenCount: 1, readMsPerCell: 0, maskedMsPerCell: 0 }],
  readersApart: false,
};

/** Its continuation is so certain that rounding does not tip it. */
const counting =
  '<|im_start|>user\nCount on, in words.<|im_end|>\n<|im_start|>assistant\n' +
  'one, two, three, four, five, six, seven, eight, nine, ten, one, two, three, four, five, six, seven, eight, nine, ten, ' +
  'one, two, three, four, five, six, seven, eight, nine, ten, one, two, three, four, five, six, seven, eight, nine, ten, one, two,';
const outputTokenCount = 24;

let model: LlamaModel;

beforeAll(async () => {
  const library = openLibrary({ backend: 'cpu', onLog: () => undefined });
  model = await loadModel(library, { path: await testWeights('smollm2-q4_0'), gpuLayerCount: 0 });
}, 300_000);
afterAll(() => {
  model.close();
  model.library.close();
});

const tokensOf = (text: string) => [
  ...model.vocabulary.tokenize(text, { addSpecial: true, parseSpecial: true }),
];

/** The bulk answer, with a person of so many tokens coming at its 10th step, or nobody. */
async function answerBeside(personTokenCount: number, hostCacheBytes: number) {
  // One thread waits for no other, however busy the machine is.
  const context = createContext(model, {
    ...{ cellCount: 256, batchTokenCount: 64, sequenceCount: 16, outputCount: 2, threadCount: 1 },
  });
  const loop = createEngineLoop(model, context, { parallelCount: 1, hostCacheBytes, curve });
  const bulk = { tokens: tokensOf(counting), outputTokenCount, priority: 'bulk' } as const;
  const words = tokensOf(
    'A person asks about the sea, the ships and the wind that carries them. '.repeat(20),
  );
  const person = {
    ...{ tokens: words.slice(0, personTokenCount), outputTokenCount: 6, priority: 'interactive' as const },
    atStep: 10,
  } satisfies Prompt;
  const { answers, stats } = await loop.run(personTokenCount === 0 ? [bulk] : [bulk, person]);
  context.close();
  return { tokens: answers[0]?.tokens, stats, promptTokenCount: bulk.tokens.length };
}

describe('bulk that was swapped out', () => {
  it('goes on with nothing computed again, from the pool', async () => {
    const calm = await answerBeside(0, 0);
    const { tokens, stats, promptTokenCount } = await answerBeside(20, 0);
    expect(stats.classes.bulk).toMatchObject({ swapOutCount: 1, recomputedTokenCount: 0 });
    expect(stats.classes.bulk.resumedTokenCount).toBeGreaterThan(promptTokenCount);
    expect(tokens).toEqual(calm.tokens);
  });

  it('goes on with nothing computed again, from host memory where the person needed its cells', async () => {
    const calm = await answerBeside(0, 0);
    const { tokens, stats } = await answerBeside(200, 64 * 1024 * 1024);
    expect(stats.classes.bulk).toMatchObject({ swapOutCount: 1, recomputedTokenCount: 0 });
    expect(stats.offloadedTokenCount).toBeGreaterThan(0);
    expect(stats.restoredTokenCount).toBeGreaterThan(0);
    expect(tokens).toEqual(calm.tokens);
  });

  it.each([
    ['off', 0],
    ['full', 600_000],
  ])(
    'computes again what was lost and still ends right, with host memory %s',
    async (_name, hostCacheBytes) => {
      const calm = await answerBeside(0, 0);
      const { tokens, stats } = await answerBeside(200, hostCacheBytes);
      expect(stats.classes.bulk.swapOutCount).toBe(1);
      expect(stats.classes.bulk.recomputedTokenCount).toBeGreaterThan(0);
      expect(tokens).toEqual(calm.tokens);
    },
  );
});
