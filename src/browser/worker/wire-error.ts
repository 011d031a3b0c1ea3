import { NearfarError, statusOfKind, toNearfarError, type ErrorKind } from '../../chat/error.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { WireError, WirePart } from './engine.ts';

export function toWireError(thrown: unknown): WireError {
  const { kind, message, retryable, field, retryAfterSeconds } = toNearfarError(thrown);
  return { kind, message, retryable, field: field ?? null, retryAfterSeconds: retryAfterSeconds ?? null };
}

export function fromWireError(error: WireError): NearfarError {
  const kind: ErrorKind = error.kind in statusOfKind ? (error.kind as ErrorKind) : 'internal';
  return new NearfarError(kind, error.message, {
    retryable: error.retryable,
    ...(error.field === null ? {} : { field: error.field }),
    ...(error.retryAfterSeconds === null ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
  });
}

export function toWirePart(part: ChatPart): WirePart {
  return part.type === 'error' ? { ...part, error: toWireError(part.error) } : part;
}

export function fromWirePart(part: WirePart): ChatPart {
  return part.type === 'error' ? { ...part, error: fromWireError(part.error) } : part;
}
