import type { Timings, Usage } from '../../chat/part.ts';
import { draftGain } from '../draft-gain.ts';

/** llama-server's extension, by its names; `draft_gain` is nearfar's own. Milliseconds, rounded to microseconds. */
export interface OpenaiTimings {
  /** Prompt tokens from a cache, and those that were computed, with the time they took. */
  readonly cache_n: number;
  readonly prompt_n: number;
  readonly prompt_ms: number;
  /** Tokens of all choices, and the time from the first to the end. */
  readonly predicted_n: number;
  readonly predicted_ms: number;
  /** Tokens drafted, and of those the ones that were drawn; absent where nothing was drafted. */
  readonly draft_n?: number;
  readonly draft_n_accepted?: number;
  /** Speed of the steps with drafts over what it would have been without, by the measured costs of steps. */
  readonly draft_gain?: number;
}

export function openaiTimings(usage: Usage, timings: Timings): OpenaiTimings {
  return {
    cache_n: usage.cachedTokenCount,
    prompt_n: usage.promptTokenCount - usage.cachedTokenCount,
    prompt_ms: rounded(timings.prefillMs),
    predicted_n: usage.completionTokenCount,
    predicted_ms: rounded(timings.decodeMs),
    ...(timings.draftedTokenCount !== undefined && {
      draft_n: timings.draftedTokenCount,
      draft_n_accepted: timings.acceptedTokenCount ?? 0,
      draft_gain: draftGain(timings),
    }),
  };
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
