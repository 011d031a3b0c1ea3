import process from 'node:process';
import type { Answer } from '../answer/answer.ts';
import { NearfarError } from '../chat/error.ts';
import { neutralSampling } from '../chat/sampling.ts';
import { withoutThoughts } from '../evaluate/check-answer.ts';
import type { EvaluateOptions } from '../evaluate/evaluate.ts';
import { createRequestId } from '../http/request-id.ts';
import { createAskModel, type ModelAnswer } from '../quality/ask-model.ts';
import { evaluatingName } from './evaluating-name.ts';

const greedy = { ...neutralSampling, temperature: 0 };
const stated = new Map([['temperature', 'temperature']] as const);

/** On nearfar's own account: no traffic of anybody's, and no saving where it was answered near. */
export function createAskItem(answer: Answer, modelId: string): EvaluateOptions['ask'] {
  const askModel = createAskModel({
    answer,
    budget: { keyName: evaluatingName, dayMicros: null, monthMicros: null },
    createId: () => createRequestId(Date.now()),
  });
  const about = { purpose: 'evaluate', tenant: evaluatingName } as const;
  /** Some models elsewhere refuse to be told a temperature; those answer as they do by themselves. */
  let isStated = true;
  /** Items have room for an answer, and a model that thinks first has none left for it. */
  let roomToThink = 0;

  return async ({ id, prompt, maxTokenCount }, signal) => {
    const input = { kind: 'chat', messages: [{ role: 'user', content: prompt }] } as const;
    const say = (): Promise<ModelAnswer> => {
      const room = { maxTokenCount: maxTokenCount + roomToThink };
      const form = { input, outputFormat: { type: 'text' }, stop: [], sampling: greedy, ...room } as const;
      return askModel(modelId, isStated ? { ...form, statedSampling: stated } : form, about, signal);
    };
    try {
      let said = await say().catch((thrown: unknown) => {
        if (!refusesTemperature(thrown)) throw thrown;
        if (isStated) tell(`${modelId} refuses a temperature: it is measured as it answers by itself.`);
        isStated = false;
        return say();
      });
      if (said.finish === 'length' && isOnlyThought(said.text)) {
        if (roomToThink === 0)
          tell(`${modelId} thinks before it answers: it gets ${thinkingTokenCount} tokens more for that.`);
        roomToThink = thinkingTokenCount;
        said = await say();
      }
      const { text, usage } = said;
      return {
        text,
        promptTokenCount: usage?.promptTokenCount ?? 0,
        completionTokenCount: usage?.completionTokenCount ?? 0,
      };
    } catch (thrown) {
      if (!(thrown instanceof NearfarError)) throw thrown;
      throw new NearfarError(thrown.kind, `${id}: ${thrown.message}`, { cause: thrown });
    }
  };
}

/** Of nothing but white space a model writes, too; that is no thought. */
function isOnlyThought(text: string): boolean {
  return text === '' || (text.includes('<think>') && withoutThoughts(text) === '');
}

const thinkingTokenCount = 2048;

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function refusesTemperature(thrown: unknown): boolean {
  return thrown instanceof NearfarError && thrown.status === 400 && thrown.message.includes('temperature');
}
