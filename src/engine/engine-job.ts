import type { EmbedResult, EmbedTask } from '../chat/embedding.ts';
import type { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatInput } from '../chat/request.ts';
import type { PartBuffer } from './part-buffer.ts';
import type { EngineCommand, GenerateCommand } from './protocol.ts';

/** What the child says of a job: a part of an answer, a count of tokens, or a sign or the end of an embedding. */
export type JobSign =
  | ChatPart
  | number
  | { readonly type: 'embed-progress' }
  | { readonly type: 'embed-result'; readonly result: EmbedResult };

/** True for the last sign of a job. */
export function isLastSign(sign: JobSign): boolean {
  return (
    typeof sign === 'number' ||
    sign.type === 'finish' ||
    sign.type === 'error' ||
    sign.type === 'embed-result'
  );
}

/** One thing asked of the engine, from its acceptance to its end, over as many children as that takes. */
export interface EngineJob {
  /** Places that it takes in the child's queue: one a choice, none for a count. */
  readonly placeCount: number;
  /** The command as one attempt sends it. */
  readonly command: (wireId: string) => EngineCommand;
  /** True once the client has seen a part of the answer, so that it cannot be started over. */
  readonly isDelivered: () => boolean;
  /** Forgets what the last attempt brought. */
  readonly restart: () => void;
  /** The kind of sign that it asked for; anything else is ignored. */
  readonly receive: (sign: JobSign) => void;
  /** Ends it with an error, unless it has ended. */
  readonly fail: (error: NearfarError) => void;
}

export function createGenerateJob(command: GenerateCommand, buffer: PartBuffer): EngineJob {
  const acceptedAt = performance.now();
  let sentAt = acceptedAt;
  return {
    placeCount: command.choiceCount,
    command: (wireId) => {
      sentAt = performance.now();
      return { ...command, id: wireId };
    },
    isDelivered: () => buffer.delivered,
    restart: () => {
      buffer.restart();
    },
    receive: (result) => {
      if (typeof result === 'number') return;
      if (result.type !== 'embed-progress' && result.type !== 'embed-result')
        buffer.push(withWait(result, sentAt - acceptedAt));
    },
    fail: (error) => {
      buffer.push({ type: 'error', error });
    },
  };
}

/** The child knows nothing of the wait for a model to be loaded, or of an attempt that died: it is queueing, too. */
function withWait(part: ChatPart, waitMs: number): ChatPart {
  if ((part.type !== 'finish' && part.type !== 'error') || part.timings === undefined) return part;
  const { queueMs, totalMs } = part.timings;
  return { ...part, timings: { ...part.timings, queueMs: queueMs + waitMs, totalMs: totalMs + waitMs } };
}

export function createCountJob(
  input: ChatInput,
  resolve: (tokenCount: number) => void,
  reject: (error: NearfarError) => void,
): EngineJob {
  return {
    placeCount: 0,
    command: (wireId) => ({ type: 'count-tokens', id: wireId, input }),
    isDelivered: () => false,
    restart: () => undefined,
    receive: (result) => {
      if (typeof result === 'number') resolve(result);
      else if (result.type === 'error') reject(result.error);
    },
    fail: reject,
  };
}

export function createEmbedJob(
  task: EmbedTask,
  resolve: (result: EmbedResult) => void,
  reject: (error: NearfarError) => void,
): EngineJob {
  return {
    placeCount: 1,
    command: (wireId) => ({ type: 'embed', id: wireId, task }),
    isDelivered: () => false,
    restart: () => undefined,
    receive: (sign) => {
      if (typeof sign === 'number') return;
      if (sign.type === 'embed-result') resolve(sign.result);
      else if (sign.type === 'error') reject(sign.error);
    },
    fail: reject,
  };
}
