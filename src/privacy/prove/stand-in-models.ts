import { NearfarError } from '../../chat/error.ts';
import type { ChatModel, ModelFacts } from '../../chat/model.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { ChatRequest } from '../../chat/request.ts';

/** What a model of this machine does with one request: answers, or what a crash, a full queue or a missing file make of it. */
export type NearFault = 'none' | 'down' | 'crash' | 'crash_midway' | 'full';

/**
 * Stands in for a model of this machine, so that thousands of requests are proven in seconds and its crash needs no engine: it
 * answers a sentence, or fails as the engine's supervisor does.
 */
export function createStandInModel(id: string, nextFault: () => NearFault): ChatModel {
  const facts: ModelFacts = {
    ...{ id, grade: 'assistant', license: null, contextTokenCount: 8192, parameterCount: null, format: null },
    ...{ family: null, sizeBytes: null, createdAt: new Date(0), sha256: null, verified: false },
  };
  return {
    facts,
    stream: (request) => answer(facts, request, nextFault()),
    countTokens: () => Promise.resolve(20),
    embed: (request) => {
      const fault = nextFault();
      if (fault !== 'none') return Promise.reject(failure(fault));
      const { task } = request;
      const output =
        task.kind === 'rank'
          ? { kind: 'scores' as const, scores: task.documents.map(() => 0.5) }
          : {
              kind: 'vectors' as const,
              vectors: task.inputs.map(() => Float32Array.of(1, 0)),
              truncatedCount: 0,
            };
      return Promise.resolve({
        model: id,
        grade: facts.grade,
        pooling: 'mean',
        output,
        promptTokenCount: 20,
        timings,
      });
    },
  };
}

const timings = { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 };

function failure(fault: Exclude<NearFault, 'none'>): NearfarError {
  switch (fault) {
    case 'down':
      return new NearfarError('unavailable', 'The model is not loaded.');
    case 'full':
      return new NearfarError('queue_full', 'Too many wait.', { retryAfterSeconds: 1 });
    case 'crash':
    case 'crash_midway':
      return new NearfarError('model_crashed', 'The engine died with this request on board.');
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- models answer as streams
async function* answer(
  { id, grade }: ModelFacts,
  { choiceCount, outputFormat }: ChatRequest,
  fault: NearFault,
): AsyncGenerator<ChatPart, void, undefined> {
  if (fault !== 'none' && fault !== 'crash_midway') {
    yield { type: 'error', error: failure(fault) };
    return;
  }
  yield { type: 'start', model: id, grade, promptTokenCount: 20, cachedTokenCount: 0 };
  const text = outputFormat.type === 'text' ? 'It is as you say.' : '{"reply": "yes"}';
  for (let choice = 0; choice < choiceCount; choice++) yield { type: 'text-delta', choice, text };
  if (fault === 'crash_midway') {
    yield { type: 'error', error: failure(fault) };
    return;
  }
  for (let choice = 0; choice < choiceCount; choice++) yield { type: 'choice-end', choice, reason: 'stop' };
  yield {
    type: 'finish',
    usage: { promptTokenCount: 20, cachedTokenCount: 0, completionTokenCount: 5 },
    timings,
  };
}
