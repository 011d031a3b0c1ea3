import { describe, expect, it } from 'vitest';
import { planEngines } from '../catalogue/engines.ts';
import { planFormats } from '../catalogue/formats.ts';
import { planModels } from '../catalogue/models.ts';
import { qualityFloors } from '../catalogue/tasks.ts';
import { kvBytesPerToken } from '../calculate/attention.ts';
import { findDevice } from '../calculate/device.ts';
import { ownedOffer, usualQuestion } from './ask.ts';
import { cacheTokens, longestTokens } from './cache-room.ts';
import { commandsFor } from './commands.ts';
import type { PlanQuestion } from './question.ts';
import { searchSetUps } from './search.ts';

const gpu = findDevice('RTX 4090');
if (gpu === null) throw new Error('no RTX 4090');
const models = planModels.filter(({ name }) => name === 'Qwen2.5 7B' || name === 'Llama 3.1 8B');
const asked = (changes: Partial<PlanQuestion>): PlanQuestion => ({
  ...{ ...usualQuestion, models, privacy: 'own' as const, offers: [ownedOffer(gpu, 1)] },
  ...changes,
});
function best(question: PlanQuestion) {
  const [setUp] = searchSetUps(question).setUps;
  const near = setUp?.near ?? null;
  if (setUp === undefined || near === null) throw new Error('nothing is possible');
  return { setUp, near };
}

describe('room for the longest request', () => {
  it('is four times the mean and more, as far as the model goes, and counted in memory', () => {
    const { near } = best(asked({}));
    const { traffic } = usualQuestion;
    expect(longestTokens(traffic, near.model)).toBe(4096);
    expect(cacheTokens(traffic, near.model, 1)).toBe(4096);
    expect(cacheTokens(traffic, near.model, 64)).toBe(64 * 700);
    const long = { ...traffic, promptTokenCount: 100_000 };
    expect(longestTokens(long, near.model)).toBe(near.model.shape.contextTokenCount);
    const ofLongest = 4096 * kvBytesPerToken(near.model.shape.layers, 2);
    expect(near.memory.cacheBytes).toBeGreaterThanOrEqual(ofLongest);
  });

  it.each(['vLLM', 'SGLang', 'TensorRT-LLM', 'TGI', 'Ollama', 'llama.cpp'])(
    'is what %s is started with',
    (name) => {
      const question = asked({ engines: planEngines.filter((engine) => engine.name === name) });
      expect(commandsFor(question, best(question).setUp, 'f').join('\n')).toMatch(/[ =]4096\b/);
    },
  );
});

describe('a format whose kernels are slow', () => {
  it('is not served from where another of its size is quicker: NF4 beside AWQ', () => {
    const formats = planFormats.filter(({ name }) => name === 'NF4' || name === 'AWQ');
    const limits = { ...usualQuestion.limits, floor: qualityFloors.basic };
    const engines = planEngines.filter(({ name }) => name === 'vLLM');
    const { near } = best(asked({ formats, engines, limits }));
    expect(near.format.name).toBe('AWQ');
  });
});
