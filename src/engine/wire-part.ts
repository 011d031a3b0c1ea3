import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { JobSign } from './engine-job.ts';
import type { EngineEvent, WireError, WirePart } from './protocol.ts';

/** An error as it came over the process border, made throwable again. */
export function fromWireError(error: WireError): NearfarError {
  return new NearfarError(error.kind, error.message, {
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
  });
}

/** Whatever was thrown, in a shape that structured clone carries without loss. The cause stays behind: it is for this process's log. */
export function toWireError(thrown: unknown): WireError {
  const error = toNearfarError(thrown);
  return {
    kind: error.kind,
    message: error.message,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
  };
}

export function fromWirePart(part: WirePart): ChatPart {
  return part.type === 'error' ? { ...part, error: fromWireError(part.error) } : part;
}

type ResultEvent = Extract<
  EngineEvent,
  { type: 'token-count' | 'token-count-failed' | 'embed-progress' | 'embed-result' | 'embed-failed' }
>;

/** What an event says of a job that ends in one result. */
export function jobSignOf(event: ResultEvent): JobSign {
  switch (event.type) {
    case 'token-count':
      return event.tokenCount;
    case 'token-count-failed':
    case 'embed-failed':
      return { type: 'error', error: fromWireError(event.error) };
    case 'embed-progress':
    case 'embed-result':
      return event;
  }
}
