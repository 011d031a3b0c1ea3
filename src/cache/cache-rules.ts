import { mediaOf } from '../chat/content.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { SamplingOptions } from '../chat/sampling.ts';

export interface CacheRules {
  /** False: nothing is kept, whatever is asked. */
  readonly isOn: boolean;
  /** Answers drawn at a higher temperature are meant to differ: they are kept only where the client asks for it. */
  readonly maxTemperature: number;
  /** False: upstreams' answers are made anew. */
  readonly upstreams: boolean;
}

/** Of all dialects; also what is taken for a temperature that nobody stated. */
export const highestTemperature = 2;

export type CacheUsage = 'none' | 'read_and_write' | 'write_only';

/**
 * Pure. An answer that may call tools is not kept unless asked for, since a call has effects that a second one would
 * repeat; nor is a drawn one, unless a seed makes it the same each time. What shows more than text is never kept: the same
 * words about another picture ask something else.
 * @param isElsewhere an upstream may answer: it is sent what the client stated and nothing else, so only that is known; and
 *   a loop of tools stays with it
 */
export function usageOf(
  request: ChatRequest,
  { isOn, maxTemperature, upstreams }: CacheRules,
  isElsewhere = false,
): CacheUsage {
  const { answerCache, input, sampling } = request;
  if (!isOn || answerCache === 'off') return 'none';
  if (isElsewhere && (!upstreams || isToolLoop(input))) return 'none';
  if (input.kind === 'chat' && mediaOf(input.messages).length > 0) return 'none';
  const mayCall = input.kind === 'chat' && input.toolUse !== undefined;
  const { temperature, seed } = isElsewhere ? statedDraw(request) : sampling;
  const isDrawn = temperature > maxTemperature && seed === null;
  if (answerCache === 'auto' && (mayCall || isDrawn)) return 'none';
  return answerCache === 'refresh' ? 'write_only' : 'read_and_write';
}

/** An upstream's own defaults are not known: they may draw as wildly as anything. */
function statedDraw({
  sampling,
  statedSampling,
}: ChatRequest): Pick<SamplingOptions, 'temperature' | 'seed'> {
  return {
    temperature: statedSampling?.has('temperature') === true ? sampling.temperature : highestTemperature,
    seed: statedSampling?.has('seed') === true ? sampling.seed : null,
  };
}

/** A conversation in which something was called: its calls and results belong together, and to who made them. */
function isToolLoop(input: ChatRequest['input']): boolean {
  if (input.kind !== 'chat') return false;
  return input.messages.some(
    (message) =>
      message.role === 'tool' || (message.role === 'assistant' && (message.toolCalls ?? []).length > 0),
  );
}
