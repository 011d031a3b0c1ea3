import { NearfarError } from '../chat/error.ts';
import type { Caller } from './access.ts';
import { createRateWindow, type RateWindow } from './rate-window.ts';

/** Requests and tokens a minute, by key. What was refused does not count. */
export interface RateLimits {
  /**
   * Counts a request in. `tokens` is called only where the key's tokens are bounded.
   * @throws NearfarError `rate_limited`, with the seconds after which it will fit, or not to be retried where it never will
   */
  admit(caller: Caller, tokens: () => TokenEstimate): RateTicket;
  /** Where a key stands; null: nothing is bounded. */
  standing(caller: Caller): RateStanding | null;
}

export interface TokenEstimate {
  readonly promptTokenCount: number;
  /** Null: the request names no bound. */
  readonly maxTokenCount: number | null;
}

export interface RateTicket {
  /** What it used in the end takes the place of what was set aside. */
  close(tokenCount: number): void;
  /** As if it had never been counted in: the same request is counted in again. */
  takeBack(): void;
}

export interface RateStanding {
  readonly requests: WindowStanding | null;
  readonly tokens: WindowStanding | null;
}

export interface WindowStanding {
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

interface Windows {
  readonly requests: RateWindow | null;
  readonly tokens: RateWindow | null;
}

const freeTicket: RateTicket = { close: () => undefined, takeBack: () => undefined };

/** @param now milliseconds of a clock that never goes back */
export function createRateLimits(now: () => number = () => performance.now()): RateLimits {
  const byKey = new Map<string, Windows>();

  function windowsOf(caller: Caller): Windows | null {
    const { requestsPerMinute = null, tokensPerMinute = null } = caller.limits ?? {};
    if (requestsPerMinute === null && tokensPerMinute === null) return null;
    const known = byKey.get(caller.keyName);
    const windows = {
      requests: windowFor(known?.requests, requestsPerMinute),
      tokens: windowFor(known?.tokens, tokensPerMinute),
    };
    byKey.set(caller.keyName, windows);
    return windows;
  }

  return {
    admit(caller, tokens) {
      const windows = windowsOf(caller);
      if (windows === null) return freeTicket;
      const at = now();
      let taken = 0;
      if (windows.tokens !== null) {
        const { limit } = windows.tokens;
        const { promptTokenCount, maxTokenCount } = tokens();
        if (promptTokenCount > limit) throw neverFits(caller, promptTokenCount, limit);
        taken = Math.min(limit, promptTokenCount + (maxTokenCount ?? 0));
        const waitMs = windows.tokens.take(at, taken);
        if (waitMs > 0) throw tooMuch(caller, 'tokens', limit, waitMs);
      }
      const waitMs = windows.requests?.take(at, 1) ?? 0;
      if (waitMs > 0) {
        windows.tokens?.adjust(at, at, -taken);
        throw tooMuch(caller, 'requests', windows.requests?.limit ?? 0, waitMs);
      }
      let isOpen = true;
      const { tokens: tokenWindow, requests: requestWindow } = windows;
      return {
        close(tokenCount) {
          if (isOpen) tokenWindow?.adjust(at, now(), tokenCount - taken);
          isOpen = false;
        },
        takeBack() {
          if (!isOpen) return;
          isOpen = false;
          tokenWindow?.adjust(at, now(), -taken);
          requestWindow?.adjust(at, now(), -1);
        },
      };
    },
    standing(caller) {
      const windows = windowsOf(caller);
      if (windows === null) return null;
      const at = now();
      return { requests: standingOf(windows.requests, at), tokens: standingOf(windows.tokens, at) };
    },
  };
}

/** A key that was made anew with another limit begins a new minute. */
function windowFor(known: RateWindow | null | undefined, limit: number | null): RateWindow | null {
  if (limit === null) return null;
  return known?.limit === limit ? known : createRateWindow(limit);
}

function standingOf(window: RateWindow | null, at: number): WindowStanding | null {
  if (window === null) return null;
  return {
    limit: window.limit,
    remaining: Math.floor(window.remaining(at)),
    resetMs: window.resetMs(at),
  };
}

function tooMuch(
  { keyName }: Caller,
  what: 'requests' | 'tokens',
  limit: number,
  waitMs: number,
): NearfarError {
  const seconds = Math.ceil(waitMs / 1000);
  return new NearfarError(
    'rate_limited',
    `The key "${keyName}" has used its ${limit} ${what} a minute. Try again in ${seconds} s.`,
    { retryAfterSeconds: seconds },
  );
}

function neverFits({ keyName }: Caller, count: number, limit: number): NearfarError {
  return new NearfarError(
    'rate_limited',
    `This prompt has about ${count} tokens; the key "${keyName}" may use ${limit} tokens a minute.`,
    { retryable: false },
  );
}
