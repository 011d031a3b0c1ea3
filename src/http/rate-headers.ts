import type { RateStanding, WindowStanding } from '../access/rate-limits.ts';
import type { Dialect } from '../chat/request.ts';

/**
 * Where a key stands, as OpenAI and Anthropic tell it: https://platform.openai.com/docs/guides/rate-limits and
 * https://docs.anthropic.com/en/api/rate-limits. Others have no names of their own and get OpenAI's.
 * @param now milliseconds since the epoch
 */
export function rateHeaders(
  standing: RateStanding | null,
  dialect: Dialect,
  now: number,
): Readonly<Record<string, string>> {
  if (standing === null) return {};
  return {
    ...windowHeaders('requests', standing.requests, dialect, now),
    ...windowHeaders('tokens', standing.tokens, dialect, now),
  };
}

function windowHeaders(
  what: 'requests' | 'tokens',
  window: WindowStanding | null,
  dialect: Dialect,
  now: number,
): Readonly<Record<string, string>> {
  if (window === null) return {};
  const { limit, remaining, resetMs } = window;
  return {
    [`x-ratelimit-limit-${what}`]: String(limit),
    [`x-ratelimit-remaining-${what}`]: String(remaining),
    [`x-ratelimit-reset-${what}`]:
      resetMs < 1000 ? `${Math.ceil(resetMs)}ms` : `${Math.ceil(resetMs / 1000)}s`,
    ...(dialect === 'anthropic' && {
      [`anthropic-ratelimit-${what}-limit`]: String(limit),
      [`anthropic-ratelimit-${what}-remaining`]: String(remaining),
      [`anthropic-ratelimit-${what}-reset`]: new Date(now + resetMs).toISOString(),
    }),
  };
}
