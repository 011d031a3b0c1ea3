import { NearfarError } from '../chat/error.ts';
import type { AdapterLease } from './adapter-store.ts';
import type { GenerateCommand } from './protocol.ts';
import type { ActiveRequest } from './sequence.ts';
import type { Choice } from './text/choice.ts';
import type { VoicePromise } from './voice-desk.ts';

export interface IntakeSetup {
  readonly modelId: string;
  /** Most tokens of one sequence, prompt and answer together. */
  readonly contextTokenCount: number;
  readonly createChoice: (
    command: GenerateCommand,
    choiceIndex: number,
    promptTokens: readonly number[],
    maxTokenCount: number,
  ) => Choice;
  readonly nextKey: () => number;
  readonly promise: VoicePromise | null;
  readonly lease: AdapterLease | null;
}

/**
 * A request whose prompt has been read, with one waiting sequence per choice.
 * @throws NearfarError `invalid_request` for an empty prompt, `context_overflow` naming both counts
 */
export function openRequest(
  command: GenerateCommand,
  prompt: readonly number[],
  submittedAt: number,
  setup: IntakeSetup,
): ActiveRequest {
  if (prompt.length === 0) throw new NearfarError('invalid_request', 'The prompt is empty.');
  const room = setup.contextTokenCount - prompt.length;
  if (room < 1) {
    throw new NearfarError(
      'context_overflow',
      `The prompt has ${prompt.length} tokens, but the context of ${setup.modelId} holds ` +
        `${setup.contextTokenCount}, of which at least one is needed for the answer.`,
    );
  }
  const maxTokenCount = Math.min(room, command.maxTokenCount ?? room);
  const request: ActiveRequest = {
    command,
    lease: setup.lease,
    promptTokenCount: prompt.length,
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
    promise: setup.promise,
  };
  for (let index = 0; index < command.choiceCount; index++) {
    request.sequences.push({
      key: setup.nextKey(),
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
