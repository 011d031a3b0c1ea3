import type { ChatModel, ModelFacts } from '../chat/model.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { neutralSampling } from '../chat/sampling.ts';

/** Test doubles of the pipeline's tests: a request, a model that follows a script, and well-formed parts. */

export const facts: ModelFacts = {
  id: 'tiny',
  grade: 'smoke test',
  license: 'Apache-2.0',
  contextTokenCount: 2048,
  parameterCount: 1,
  format: 'Q4_0',
  family: 'llama',
  sizeBytes: 1,
  createdAt: new Date(0),
  sha256: null,
  verified: false,
};

export function requestOf(changes: Partial<ChatRequest> = {}): ChatRequest {
  return {
    id: 'request-1',
    dialect: 'openai',
    requestedModel: 'auto',
    input: { kind: 'chat', messages: [{ role: 'user', content: 'Hello' }] },
    sampling: neutralSampling,
    stop: [],
    maxTokenCount: null,
    choiceCount: 1,
    topLogprobCount: null,
    privacy: 'open',
    tenant: '',
    deadlineAt: null,
    isStreamed: true,
    priority: 'default',
    answerCache: 'auto',
    ignoreEndOfGeneration: false,
    outputFormat: { type: 'text' },
    keepAliveSeconds: null,
    ...changes,
  };
}

export const startPart: ChatPart = {
  type: 'start',
  model: 'tiny',
  grade: 'smoke test',
  promptTokenCount: 7,
  cachedTokenCount: 3,
};

export const finishPart: ChatPart = {
  type: 'finish',
  usage: { promptTokenCount: 7, cachedTokenCount: 3, completionTokenCount: 2 },
  timings: { queueMs: 1, prefillMs: 2, decodeMs: 3, totalMs: 6 },
};

export function textPart(text: string, choice = 0): ChatPart {
  return { type: 'text-delta', choice, text };
}

export function endPart(choice = 0): ChatPart {
  return { type: 'choice-end', choice, reason: 'stop' };
}

export const goodParts: readonly ChatPart[] = [
  startPart,
  textPart('Good '),
  textPart('day'),
  endPart(),
  finishPart,
];

/** A step of a scripted model: a part, something thrown, or silence until the end of time. */
export type Step = ChatPart | { readonly throws: unknown } | 'hang' | 'pause';

export function scriptedModel(
  steps: readonly Step[],
  onStream: (request: ChatRequest, signal: AbortSignal) => void = () => undefined,
): ChatModel {
  return {
    facts,
    countTokens: () => Promise.resolve(7),
    embed: () => Promise.reject(new Error('not scripted')),
    async *stream(request, signal) {
      onStream(request, signal);
      for (const step of steps) {
        if (step === 'hang') await new Promise<never>(() => undefined);
        else if (step === 'pause') await new Promise((resolve) => setImmediate(resolve));
        else if ('throws' in step) throw step.throws;
        else yield step;
      }
    },
  };
}
