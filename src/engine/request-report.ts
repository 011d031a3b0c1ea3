import type { NearfarError } from '../chat/error.ts';
import type { ModelGrade, Timings, Usage } from '../chat/part.ts';
import type { ContextOverflow } from '../chat/overflow.ts';
import type { WirePart } from './protocol.ts';
import type { ActiveRequest } from './sequence.ts';
import { discardedBefore } from './sinks/window-layout.ts';
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
    ...overflowOf(request, promptTokenCount),
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

/** What the model has not seen once the longest choice has read so many tokens. */
function overflowOf(
  { window, omitted }: ActiveRequest,
  tokenCount: number,
): { readonly overflow?: ContextOverflow } {
  if (window !== null) {
    const omittedTokenCount = tokenCount === 0 ? 0 : discardedBefore(window, tokenCount - 1);
    return { overflow: { policy: 'sinks', omittedTokenCount, omittedMessageCount: 0 } };
  }
  if (omitted === null) return {};
  const { tokenCount: omittedTokenCount, messageCount: omittedMessageCount } = omitted;
  return { overflow: { policy: 'truncate_middle', omittedTokenCount, omittedMessageCount } };
}

function usageOf(request: ActiveRequest): Usage {
  const { promptTokenCount, cachedTokenCount, completionTokenCount } = request;
  // A prompt that was never admitted cost nothing.
  if (request.admittedAt === null)
    return { promptTokenCount: 0, cachedTokenCount: 0, completionTokenCount: 0 };
  const longest = Math.max(...request.sequences.map(({ computedCount }) => computedCount));
  const overflow = overflowOf(request, longest);
  const reasoning = request.sequences.map((sequence) => sequence.choice.reasoningTokenCount);
  if (reasoning.every((count) => count === null)) {
    return { promptTokenCount, cachedTokenCount, completionTokenCount, ...overflow };
  }
  const reasoningTokenCount = reasoning.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return { promptTokenCount, cachedTokenCount, completionTokenCount, reasoningTokenCount, ...overflow };
}

function timingsOf(request: ActiveRequest, endedAt: number): Timings {
  const admittedAt = request.admittedAt ?? endedAt;
  const firstTokenAt = request.firstTokenAt ?? endedAt;
  return {
    queueMs: admittedAt - request.submittedAt,
    prefillMs: firstTokenAt - admittedAt,
    decodeMs: endedAt - firstTokenAt,
    totalMs: endedAt - request.submittedAt,
    ...(request.promise !== null && { promisedFirstTokenMs: firstTokenAt - request.promise.enteredAt }),
    ...(request.draftedTokenCount > 0 && {
      draftedTokenCount: request.draftedTokenCount,
      acceptedTokenCount: request.acceptedTokenCount,
      draftGain: request.draftedMs > 0 ? request.undraftedMs / request.draftedMs : 1,
    }),
  };
}
