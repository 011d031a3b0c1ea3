import type { NearfarError } from '../chat/error.ts';
import type { ModelGrade, Timings, Usage } from '../chat/part.ts';
import type { WirePart } from './protocol.ts';
import type { ActiveRequest } from './sequence.ts';
import { toWireError } from './wire-part.ts';

export function startPart(request: ActiveRequest, modelId: string, grade: ModelGrade): WirePart {
  const { command, promptTokenCount, cachedTokenCount, promise } = request;
  return {
    type: 'start',
    model: command.adapter?.name ?? modelId,
    grade,
    promptTokenCount,
    cachedTokenCount,
    ...(promise !== null && { predictedFirstTokenMs: promise.predictedMs }),
  };
}

export function finishPart(request: ActiveRequest, endedAt: number): WirePart {
  return { type: 'finish', usage: usageOf(request), timings: timingsOf(request, endedAt) };
}

/** With what the request cost until it broke off. */
export function errorPart(request: ActiveRequest, error: NearfarError, endedAt: number): WirePart {
  return {
    type: 'error',
    error: toWireError(error),
    usage: usageOf(request),
    timings: timingsOf(request, endedAt),
  };
}

function usageOf(request: ActiveRequest): Usage {
  const { promptTokenCount, cachedTokenCount, completionTokenCount } = request;
  // A prompt that was never admitted cost nothing.
  if (request.admittedAt === null)
    return { promptTokenCount: 0, cachedTokenCount: 0, completionTokenCount: 0 };
  const reasoning = request.sequences.map((sequence) => sequence.choice.reasoningTokenCount);
  if (reasoning.every((count) => count === null)) {
    return { promptTokenCount, cachedTokenCount, completionTokenCount };
  }
  const reasoningTokenCount = reasoning.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return { promptTokenCount, cachedTokenCount, completionTokenCount, reasoningTokenCount };
}

function timingsOf(request: ActiveRequest, endedAt: number): Timings {
  const admittedAt = request.admittedAt ?? endedAt;
  const firstTokenAt = request.firstTokenAt ?? endedAt;
  return {
    queueMs: admittedAt - request.submittedAt,
    prefillMs: firstTokenAt - admittedAt,
    decodeMs: endedAt - firstTokenAt,
    totalMs: endedAt - request.submittedAt,
    ...(request.draftedTokenCount > 0 && {
      draftedTokenCount: request.draftedTokenCount,
      acceptedTokenCount: request.acceptedTokenCount,
      draftGain: request.draftedMs > 0 ? request.undraftedMs / request.draftedMs : 1,
    }),
  };
}
