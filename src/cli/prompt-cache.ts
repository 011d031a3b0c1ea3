import path from 'node:path';
import type { FindBilling } from '../answer/billing.ts';
import type { LoadedSettings } from '../config/load.ts';
import { openSecret } from '../engine/disk-tier/secret.ts';
import { recentPrefixes } from '../ledger/recent-prefixes.ts';
import { createPromptCache, type PromptCache } from '../promptcache/prompt-cache.ts';
import type { Store } from '../store/store.ts';

/** What is learnt about prompts longer ago says little of how they come today; more rows would only hold up the start. */
const recalledMs = 24 * 60 * 60_000;
const recalledRows = 2_000;

/** The planner, its hashes under a key of this home that only its owner can read. */
export function openPromptCache({ settings, home }: LoadedSettings, billing: FindBilling): PromptCache {
  return createPromptCache({
    isOn: settings.promptCache.plan === 'auto',
    key: openSecret(path.join(home, 'prompt-hashes')),
    priceOf: (modelId) => billing(modelId).price,
  });
}

/** Takes in what the ledger holds of the last day's prompts. */
export async function recallPrompts(promptCache: PromptCache, store: Pick<Store, 'db'>): Promise<void> {
  for (const { prefix, at, tenant } of await recentPrefixes(store, Date.now() - recalledMs, recalledRows)) {
    promptCache.recall(prefix, at, tenant);
  }
}
