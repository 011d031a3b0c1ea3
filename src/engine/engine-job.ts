import type { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatInput } from '../chat/request.ts';
import type { PartBuffer } from './part-buffer.ts';
import type { EngineCommand, GenerateCommand } from './protocol.ts';

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
  /** A part or a token count, whichever it asked for; anything else is ignored. */
  readonly receive: (result: ChatPart | number) => void;
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
      if (typeof result !== 'number') buffer.push(withWait(result, sentAt - acceptedAt));
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
