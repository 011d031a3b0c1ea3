import type { Usage } from '../chat/part.ts';

/**
 * The usage of every provider in one shape: `promptTokenCount` is all of the prompt, cached and written tokens among
 * them; `completionTokenCount` is all that was written, reasoning among it. Each token is counted once.
 */

/** No request has as many tokens; and sums stay whole numbers. */
const mostTokens = 1e12;
const mostDollars = 1e6;

/** What JSON may hold where a count is expected; anything but a whole number from 0 counts as none. */
function count(value: unknown): number {
  return isCount(value) ? value : 0;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= mostTokens;
}

/** A prompt that nobody counted has an unknown cost; it is not one of no tokens. */
function told(prompt: unknown): Pick<Usage, 'isMeasured'> {
  return isCount(prompt) ? {} : { isMeasured: false };
}

function group(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/**
 * OpenAI's chat completions (`prompt_tokens`) and responses (`input_tokens`), and those who speak like them.
 * Cached tokens are part of the prompt's, and reasoning tokens of the completion's, at OpenAI. Others count either beside
 * them, or reason without saying how much (Gemini): what `total_tokens` has more than prompt and completion tells. Cached
 * tokens are `prompt_cache_hit_tokens` at DeepSeek, `cached_tokens` at Moonshot.
 */
export function openaiUsage(wire: unknown): Usage {
  const usage = group(wire);
  const toldPrompt = usage['prompt_tokens'] ?? usage['input_tokens'];
  const written = count(usage['completion_tokens'] ?? usage['output_tokens']);
  const promptDetails = group(usage['prompt_tokens_details'] ?? usage['input_tokens_details']);
  const writtenDetails = group(usage['completion_tokens_details'] ?? usage['output_tokens_details']);
  const reasoning = writtenDetails['reasoning_tokens'];
  const reasoningCount = count(reasoning);
  const cached = count(
    promptDetails['cached_tokens'] ?? usage['prompt_cache_hit_tokens'] ?? usage['cached_tokens'],
  );
  const more = Math.max(0, count(usage['total_tokens']) - count(toldPrompt) - written);
  const isCachedBeside = cached > 0 && more === cached && more !== reasoningCount;
  const prompt = count(toldPrompt) + (isCachedBeside ? cached : 0);
  // Only where the prompt is told too: else the total is all that there is.
  const completionTokenCount = isCachedBeside || !isCount(toldPrompt) ? written : written + more;
  const cacheWritten = Math.min(
    count(promptDetails['cache_write_tokens'] ?? promptDetails['cache_creation_tokens']),
    prompt - Math.min(cached, prompt),
  );
  return {
    promptTokenCount: prompt,
    cachedTokenCount: Math.min(cached, prompt),
    completionTokenCount,
    ...(typeof reasoning === 'number'
      ? { reasoningTokenCount: Math.min(reasoningCount, completionTokenCount) }
      : {}),
    ...(cacheWritten > 0 ? { cacheWriteTokenCount: cacheWritten } : {}),
    ...reportedCost(usage['cost']),
    ...told(toldPrompt),
  };
}

/** OpenRouter's `cost`, in credits of a US dollar each: https://openrouter.ai/docs/use-cases/usage-accounting */
function reportedCost(cost: unknown): Pick<Usage, 'reportedCostMicros'> {
  const isTold = typeof cost === 'number' && Number.isFinite(cost) && cost >= 0 && cost <= mostDollars;
  return isTold ? { reportedCostMicros: Math.round(cost * 1_000_000) } : {};
}

/**
 * Anthropic's: `input_tokens` are those behind the last breakpoint only; what was read from and written into the cache
 * stands beside them. https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export function anthropicUsage(wire: unknown): Usage {
  const usage = group(wire);
  const cached = count(usage['cache_read_input_tokens']);
  const written = count(usage['cache_creation_input_tokens']);
  const split = group(usage['cache_creation']);
  const longWritten = Math.min(count(split['ephemeral_1h_input_tokens']), written);
  const reasoning = group(usage['output_tokens_details'])['thinking_tokens'];
  const completionTokenCount = count(usage['output_tokens']);
  return {
    promptTokenCount: count(usage['input_tokens']) + cached + written,
    cachedTokenCount: cached,
    completionTokenCount,
    ...(typeof reasoning === 'number'
      ? { reasoningTokenCount: Math.min(count(reasoning), completionTokenCount) }
      : {}),
    ...(written > longWritten ? { cacheWriteTokenCount: written - longWritten } : {}),
    ...(longWritten > 0 ? { longCacheWriteTokenCount: longWritten } : {}),
    ...told(usage['input_tokens']),
  };
}

/** Ollama's; it says nothing of its cache, and older ones nothing of a prompt that was all in it. */
export function ollamaUsage(wire: unknown): Usage {
  const usage = group(wire);
  return {
    promptTokenCount: count(usage['prompt_eval_count']),
    cachedTokenCount: 0,
    completionTokenCount: count(usage['eval_count']),
    ...told(usage['prompt_eval_count']),
  };
}

/** Where an upstream told no counts at all: the pieces that were seen, each at least one token. */
export function unmeasuredUsage(deltaCount: number): Usage {
  return { promptTokenCount: 0, cachedTokenCount: 0, completionTokenCount: deltaCount, isMeasured: false };
}
