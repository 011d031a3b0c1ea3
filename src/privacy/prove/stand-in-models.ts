import { NearfarError } from '../../chat/error.ts';
import type { ChatModel, ModelFacts } from '../../chat/model.ts';
import type { ChatPart, ModelGrade, TokenLogprob } from '../../chat/part.ts';
import type { ChatRequest } from '../../chat/request.ts';

/** Stands in texts that only a model would take for somebody's: the stand-in does, where it is asked for its opinion. */
export const modelOnlyMark = 'walrus';

/** What a model of this machine does with one request: answers, or what a crash, a full queue or a missing file make of it. */
export type NearFault = 'none' | 'down' | 'crash' | 'crash_midway' | 'full';

export interface StandInFaults {
  readonly near: () => NearFault;
  /** Whether the model is so unsure of what it says that a cascade hands over. */
  readonly isUnsure: () => boolean;
  /** Told of each text that is compared. */
  readonly onVector?: () => void;
}

/**
 * Stands in for a model of this machine, so that thousands of requests are proven in seconds and its crash needs no engine: it
 * answers a sentence, or fails as the engine's supervisor does.
 */
export function createStandInModel(
  id: string,
  faults: StandInFaults,
  grade: ModelGrade = 'assistant',
): ChatModel {
  const facts: ModelFacts = {
    ...{ id, grade, license: null, contextTokenCount: 8192, parameterCount: null, format: null },
    ...{ family: null, sizeBytes: null, createdAt: new Date(0), sha256: null, verified: false },
  };
  return {
    facts,
    stream: (request) => answer(facts, request, faults),
    countTokens: () => Promise.resolve(20),
    embed: (request) => {
      const fault = faults.near();
      if (fault !== 'none') return Promise.reject(failure(fault));
      const { task } = request;
      faults.onVector?.();
      const output =
        task.kind === 'rank'
          ? { kind: 'scores' as const, scores: task.documents.map(() => 0.5) }
          : {
              kind: 'vectors' as const,
              vectors: task.inputs.map((input) =>
                vectorOf(typeof input === 'string' ? input : JSON.stringify(input)),
              ),
              truncatedCount: 0,
            };
      return Promise.resolve({
        model: id,
        grade,
        pooling: 'mean',
        output,
        promptTokenCount: 20,
        timings,
      });
    },
  };
}

const dimensionCount = 64;

/** Texts with the same words are near each other, others are not. Of length 1. */
function vectorOf(text: string): Float32Array {
  const vector = new Float32Array(dimensionCount);
  for (const word of text.toLowerCase().match(/\w+/g) ?? ['']) {
    const hash = Array.from(word).reduce(
      (total, letter) => Math.imul(total ^ letter.charCodeAt(0), 0x01000193),
      7,
    );
    const at = (hash >>> 0) % dimensionCount;
    vector[at] = (vector[at] ?? 0) + ((hash >>> 16) & 1 ? 1 : -1);
  }
  const length = Math.hypot(...vector);
  return length === 0
    ? Float32Array.from({ length: dimensionCount }, (_, at) => (at === 0 ? 1 : 0))
    : vector.map((value) => value / length);
}

/** One token for all that is said. */
function logprobsOf(text: string, isUnsure: boolean): readonly TokenLogprob[] {
  return [{ token: 1, bytes: Array.from(Buffer.from(text)), logprob: isUnsure ? -4 : -0.01, top: [] }];
}

function textFor({ outputFormat, input }: ChatRequest): string {
  if (outputFormat.type === 'text') return 'It is as you say.';
  if (outputFormat.type === 'json_schema' && outputFormat.field === 'privacy.check')
    return JSON.stringify({ private: JSON.stringify(input).includes(modelOnlyMark) });
  return '{"reply": "yes"}';
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
  request: ChatRequest,
  faults: StandInFaults,
): AsyncGenerator<ChatPart, void, undefined> {
  const { choiceCount, topLogprobCount } = request;
  const fault = faults.near();
  if (fault !== 'none' && fault !== 'crash_midway') {
    yield { type: 'error', error: failure(fault) };
    return;
  }
  yield { type: 'start', model: id, grade, promptTokenCount: 20, cachedTokenCount: 0 };
  const text = textFor(request);
  const logprobs = topLogprobCount === null ? {} : { logprobs: logprobsOf(text, faults.isUnsure()) };
  for (let choice = 0; choice < choiceCount; choice++)
    yield { type: 'text-delta', choice, text, ...logprobs };
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
