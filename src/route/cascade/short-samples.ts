import type { ChatModel } from '../../chat/model.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { agreementOf } from './uncertainty.ts';
import type { CascadeRules } from './judge.ts';

export interface ShortSamples {
  /** `null` where one of them failed. Never rejects. */
  readonly agreement: Promise<number | null>;
  /** Written by now. */
  readonly tokenCount: () => number;
}

/** A little warmth, so that a model that is not sure says different things. */
const sampleTemperature = 0.7;

/** Short answers to the same prompt, drawn beside the answer itself; the prompt's cache is shared. */
export function shortSamples(
  model: ChatModel,
  request: ChatRequest,
  { sampleCount, sampleTokenCount }: Pick<CascadeRules, 'sampleCount' | 'sampleTokenCount'>,
  signal: AbortSignal,
): ShortSamples {
  let tokenCount = 0;
  const sample = async (index: number): Promise<string> => {
    const { statedSampling: _, ...plain } = request;
    const asked: ChatRequest = {
      ...plain,
      id: `${request.id}-sample-${index + 1}`,
      sampling: {
        ...request.sampling,
        temperature: sampleTemperature,
        seed: request.sampling.seed === null ? null : request.sampling.seed + index + 1,
      },
      maxTokenCount: Math.min(sampleTokenCount, request.maxTokenCount ?? sampleTokenCount),
      choiceCount: 1,
      topLogprobCount: null,
      isStreamed: true,
      answerCache: 'off',
    };
    let text = '';
    for await (const part of model.stream(asked, signal)) {
      if (part.type === 'error') throw part.error;
      if (part.type === 'text-delta' || part.type === 'reasoning-delta') {
        text += part.text;
        tokenCount += 1;
      }
    }
    return text;
  };
  return {
    agreement: Promise.all(Array.from({ length: sampleCount }, (_, index) => sample(index))).then(
      agreementOf,
      () => null,
    ),
    tokenCount: () => tokenCount,
  };
}
