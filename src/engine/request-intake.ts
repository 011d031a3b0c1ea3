import { NearfarError } from '../chat/error.ts';
import type { EngineSetup, ReadPrompt } from './engine-setup.ts';
import type { GenerateCommand } from './protocol.ts';
import type { ActiveRequest } from './sequence.ts';
import { defaultSinkTokenCount } from './sinks/window-layout.ts';

export type IntakeSetup = Pick<
  EngineSetup,
  'modelId' | 'contextTokenCount' | 'window' | 'overflowAdvice' | 'createChoice'
>;

/**
 * A request whose prompt has been read, with one waiting sequence per choice.
 * @throws NearfarError `invalid_request` for an empty prompt, `context_overflow` naming both counts
 */
export function openRequest(
  command: GenerateCommand,
  read: ReadPrompt,
  { submittedAt, promise, lease }: Pick<ActiveRequest, 'submittedAt' | 'promise' | 'lease'>,
  setup: IntakeSetup,
  nextKey: () => number,
): ActiveRequest {
  const prompt = read.tokens;
  if (prompt.length === 0) throw new NearfarError('invalid_request', 'The prompt is empty.');
  const room = setup.contextTokenCount - prompt.length;
  if (room < 1) {
    throw new NearfarError(
      'context_overflow',
      `The prompt has ${prompt.length} tokens, but the context of ${setup.modelId} holds ` +
        `${setup.contextTokenCount}, of which at least one is needed for the answer.` +
        (setup.overflowAdvice?.(prompt.length) ?? ''),
    );
  }
  const { keepTokenCount = defaultSinkTokenCount } = read;
  const windowTokenCount = setup.window?.windowTokenCount;
  const window = windowTokenCount === undefined ? null : { windowTokenCount, keepTokenCount };
  const maxTokenCount = Math.min(room, command.maxTokenCount ?? room);
  const request: ActiveRequest = {
    command,
    lease,
    promptTokenCount: prompt.length,
    omitted: read.omitted,
    window,
    sequences: [],
    submittedAt,
    admittedAt: null,
    firstTokenAt: null,
    cachedTokenCount: 0,
    completionTokenCount: 0,
    draftedTokenCount: 0,
    acceptedTokenCount: 0,
    draftedMs: 0,
    undraftedMs: 0,
    openChoiceCount: command.choiceCount,
    promise,
  };
  for (let index = 0; index < command.choiceCount; index++) {
    request.sequences.push({
      key: nextKey(),
      request,
      choice: setup.createChoice(command, index, prompt, maxTokenCount),
      tokens: prompt.slice(),
      computedCount: 0,
      hold: null,
      standing: command.priority,
      steppedAt: submittedAt,
      isCharged: false,
      commonPromptTokenCount: new Map(),
    });
  }
  return request;
}

/** @param msPerRequest how often an answer ends, on average */
export function queueFullError(queuedCount: number, msPerRequest: number): NearfarError {
  const estimate = ((queuedCount + 1) * msPerRequest) / 1000;
  return new NearfarError('queue_full', `The queue is full: ${queuedCount} answers are waiting.`, {
    retryAfterSeconds: Math.min(60, Math.max(1, Math.ceil(estimate))),
  });
}

export function deadlineError(): NearfarError {
  return new NearfarError('timeout', 'The deadline passed before the answer was complete.');
}

export function cacheFullError(): NearfarError {
  return new NearfarError('internal', 'The KV cache is full although nothing else runs.');
}
