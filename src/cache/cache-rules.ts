import { mediaOf } from '../chat/content.ts';
import type { ChatRequest } from '../chat/request.ts';

export interface CacheRules {
  /** False: nothing is kept, whatever is asked. */
  readonly isOn: boolean;
  /** Answers drawn at a higher temperature are meant to differ: they are kept only where the client asks for it. */
  readonly maxTemperature: number;
}

export type CacheUsage = 'none' | 'read_and_write' | 'write_only';

/**
 * Pure. An answer that may call tools is not kept unless asked for, since a call has effects that a second one would
 * repeat; nor is a drawn one, unless a seed makes it the same each time. What shows more than text is never kept: the same
 * words about another picture ask something else.
 */
export function usageOf(request: ChatRequest, { isOn, maxTemperature }: CacheRules): CacheUsage {
  const { answerCache, input, sampling } = request;
  if (!isOn || answerCache === 'off') return 'none';
  if (input.kind === 'chat' && mediaOf(input.messages).length > 0) return 'none';
  const mayCall = input.kind === 'chat' && input.toolUse !== undefined;
  const isDrawn = sampling.temperature > maxTemperature && sampling.seed === null;
  if (answerCache === 'auto' && (mayCall || isDrawn)) return 'none';
  return answerCache === 'refresh' ? 'write_only' : 'read_and_write';
}
