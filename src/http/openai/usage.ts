import type { Usage } from '../../chat/part.ts';
import { overflowUsage, type OverflowUsage } from '../context-overflow.ts';

export interface OpenaiUsage extends OverflowUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details?: { readonly reasoning_tokens: number };
}

export function openaiUsage(usage: Usage): OpenaiUsage {
  return {
    prompt_tokens: usage.promptTokenCount,
    completion_tokens: usage.completionTokenCount,
    total_tokens: usage.promptTokenCount + usage.completionTokenCount,
    prompt_tokens_details: { cached_tokens: usage.cachedTokenCount },
    ...(usage.reasoningTokenCount === undefined
      ? {}
      : { completion_tokens_details: { reasoning_tokens: usage.reasoningTokenCount } }),
    ...overflowUsage(usage.overflow),
  };
}
