import type { Usage } from '../chat/part.ts';
import type { CacheRules } from './cache-rules.ts';

/**
 * What may be spent on writing prefixes that may never be read. It holds what reading saved so far, less what writing cost,
 * beside that a small share of the prompts that were planned and, once, the price of a few. Nothing is written that
 * would cost more than it holds, so that whatever is asked, and however it ends,
 *
 *   cost with marks <= (1 + `share`) * cost without + `startingPrompts` prompts of the largest size
 *
 * as far as the provider's rules and prices are known. Who asks what pays is not held up: the first read fills it.
 */
export interface Purse {
  /** By reading so far, less what writing cost, in plain prompt tokens; below 0: it has not paid yet. */
  saved(name: string): number;
  /**
   * Standard errors by which odds should be taken to be lower: half of one, for what is worth no more than the noise of its
   * estimate is no reason to pay, and the more was lost, the more, up to a whole one.
   */
  caution(name: string, tokenCount: number): number;
  /** Most that writing may cost above reading in full, in plain prompt tokens. @param tokenCount of the prompt at hand */
  spendable(name: string, tokenCount: number): number;
  /** A prompt is sent, and this is what writing is expected to cost above reading in full. */
  spend(name: string, tokenCount: number, surcharge: number): void;
  /** What it cost by the provider's count; takes the place of what was expected. */
  settle(name: string, surcharge: number, usage: Usage, rules: CacheRules): void;
  /** Nothing was written. */
  giveBack(name: string, surcharge: number): void;
}

/** Of all prompts that were planned. */
const share = 0.02;
/** Of the largest size, before anything was saved: enough to find out a few times over whether an hour pays. */
const startingPrompts = 4;
const nameLimit = 5_000;

interface Account {
  /** In plain prompt tokens: saved by reading, less what writing cost. */
  balance: number;
  seenTokenCount: number;
  largestTokenCount: number;
}

export function createPurse(): Purse {
  const accounts = new Map<string, Account>();

  function accountOf(name: string): Account {
    const known = accounts.get(name);
    const account = known ?? { balance: 0, seenTokenCount: 0, largestTokenCount: 0 };
    if (known !== undefined) accounts.delete(name);
    accounts.set(name, account);
    if (accounts.size > nameLimit) {
      const oldest = accounts.keys().next();
      if (oldest.done !== true) accounts.delete(oldest.value);
    }
    return account;
  }

  const saved = (name: string): number => accounts.get(name)?.balance ?? 0;

  return {
    saved,
    caution(name, tokenCount) {
      const lost = Math.max(0, -saved(name));
      return Math.min(1, 0.5 + (0.5 * lost) / (startingPrompts * Math.max(1, tokenCount)));
    },
    spendable(name, tokenCount) {
      const { balance, seenTokenCount, largestTokenCount } = accountOf(name);
      return balance + share * seenTokenCount + startingPrompts * Math.max(largestTokenCount, tokenCount);
    },
    spend(name, tokenCount, surcharge) {
      const account = accountOf(name);
      account.balance -= surcharge;
      account.seenTokenCount += tokenCount;
      account.largestTokenCount = Math.max(account.largestTokenCount, tokenCount);
    },
    settle(name, surcharge, usage, { readRate, lifetimes }) {
      const shortest = lifetimes.at(-1)?.writeRate ?? 1;
      const longest = lifetimes[0]?.writeRate ?? shortest;
      const saved =
        usage.cachedTokenCount * (1 - readRate) -
        (usage.cacheWriteTokenCount ?? 0) * (shortest - 1) -
        (usage.longCacheWriteTokenCount ?? 0) * (longest - 1);
      accountOf(name).balance += surcharge + saved;
    },
    giveBack(name, surcharge) {
      accountOf(name).balance += surcharge;
    },
  };
}
