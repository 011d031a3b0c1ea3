import type { Usage } from '../chat/part.ts';
import type { CacheRules } from './cache-rules.ts';

/**
 * What may be spent on writing prefixes that may never be read, and how far behind everything marked one may fall. It holds
 * what reading saved so far, less what writing cost, beside that a small share of the prompts that were planned and, once,
 * the price of a few. Nothing is written that would cost more than it holds, so that whatever is asked, and however it ends,
 *
 *   cost with marks <= (1 + `share`) * cost without + `startingPrompts` prompts of the largest size
 *
 * as far as the provider's rules and prices are known. Who asks what pays is not held up: the first read fills it.
 */
export interface Purse {
  /** By reading so far, less what writing cost, in plain prompt tokens; below 0: it has not paid yet. */
  saved(name: string): number;
  /** What it cost so far above what everything marked would have cost, in plain prompt tokens; below 0: less. */
  behind(name: string): number;
  /** Standard errors by which odds should be taken to be lower than expected: the more was lost on marks, the more, up to a whole one. */
  caution(name: string, tokenCount: number): number;
  /**
   * Whether it is time to mark everything: planning has cost `startingPrompts` prompts and `share` of everything marked more
   * than that. It stays so until half of that is won back.
   */
  isOutdone(name: string): boolean;
  /** Most that writing may cost above reading in full, in plain prompt tokens. @param tokenCount of the prompt at hand */
  spendable(name: string, tokenCount: number): number;
  /** A prompt is sent, and this is what is expected. */
  spend(name: string, spent: PlannedSpending): void;
  /** What it cost by the provider's count; takes the place of what was expected. */
  settle(name: string, spent: PlannedSpending, usage: Usage, rules: CacheRules): void;
  /** Nothing was written, nor asked. */
  giveBack(name: string, spent: PlannedSpending): void;
}

/** In plain prompt tokens. */
export interface PlannedSpending {
  /** Of the prompt. */
  readonly tokenCount: number;
  /** What writing is expected to cost above reading in full. */
  readonly surcharge: number;
  /** What it costs with everything marked. */
  readonly rivalCost: number;
}

/** Of all prompts that were planned. */
const share = 0.02;
/** Of the largest size, before anything was saved: enough to find out a few times over whether an hour pays. */
const startingPrompts = 4;
const nameLimit = 5_000;

interface Account {
  /** In plain prompt tokens: saved by reading, less what writing cost. */
  balance: number;
  /** Cost above that with everything marked. */
  behind: number;
  rivalCost: number;
  seenTokenCount: number;
  largestTokenCount: number;
  isOutdone: boolean;
}

export function createPurse(): Purse {
  const accounts = new Map<string, Account>();

  function accountOf(name: string): Account {
    const known = accounts.get(name);
    const account = known ?? {
      balance: 0,
      behind: 0,
      rivalCost: 0,
      seenTokenCount: 0,
      largestTokenCount: 0,
      isOutdone: false,
    };
    if (known !== undefined) accounts.delete(name);
    accounts.set(name, account);
    if (accounts.size > nameLimit) {
      const oldest = accounts.keys().next();
      if (oldest.done !== true) accounts.delete(oldest.value);
    }
    return account;
  }

  const saved = (name: string): number => accounts.get(name)?.balance ?? 0;
  const behind = (name: string): number => accounts.get(name)?.behind ?? 0;

  return {
    saved,
    behind,
    caution(name, tokenCount) {
      return Math.min(1, Math.max(0, -saved(name)) / (startingPrompts * Math.max(1, tokenCount)));
    },
    isOutdone(name) {
      const account = accountOf(name);
      const most = startingPrompts * account.largestTokenCount + share * account.rivalCost;
      account.isOutdone = account.behind > (account.isOutdone ? most / 2 : most);
      return account.isOutdone;
    },
    spendable(name, tokenCount) {
      const { balance, seenTokenCount, largestTokenCount } = accountOf(name);
      return balance + share * seenTokenCount + startingPrompts * Math.max(largestTokenCount, tokenCount);
    },
    spend(name, { tokenCount, surcharge, rivalCost }) {
      const account = accountOf(name);
      account.balance -= surcharge;
      account.behind += tokenCount + surcharge - rivalCost;
      account.rivalCost += rivalCost;
      account.seenTokenCount += tokenCount;
      account.largestTokenCount = Math.max(account.largestTokenCount, tokenCount);
    },
    settle(name, { tokenCount, surcharge, rivalCost }, usage, { readRate, lifetimes }) {
      const shortest = lifetimes.at(-1)?.writeRate ?? 1;
      const longest = lifetimes[0]?.writeRate ?? shortest;
      const saving =
        usage.cachedTokenCount * (1 - readRate) -
        (usage.cacheWriteTokenCount ?? 0) * (shortest - 1) -
        (usage.longCacheWriteTokenCount ?? 0) * (longest - 1);
      const account = accountOf(name);
      account.balance += surcharge + saving;
      // The prompt's length was an estimate for both alike.
      const scale = usage.promptTokenCount > 0 && tokenCount > 0 ? usage.promptTokenCount / tokenCount : 1;
      account.rivalCost += rivalCost * (scale - 1);
      account.behind +=
        tokenCount * scale - saving - rivalCost * scale - (tokenCount + surcharge - rivalCost);
    },
    giveBack(name, { tokenCount, surcharge, rivalCost }) {
      const account = accountOf(name);
      account.balance += surcharge;
      account.behind -= tokenCount + surcharge - rivalCost;
      account.rivalCost -= rivalCost;
    },
  };
}
