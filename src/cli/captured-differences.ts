import { existsSync } from 'node:fs';
import type { LoadedSettings } from '../config/load.ts';
import type { CacheAdvice } from '../promptcache/cache-report.ts';
import type { FirstDifference } from '../promptcache/first-difference.ts';
import { capturedFile } from './open-capture.ts';

/** Where the prompts of an advice part in their own words; null where no two of its examples were captured. */
export async function capturedDifferences(
  loaded: LoadedSettings,
  advice: readonly CacheAdvice[],
): Promise<readonly (FirstDifference | null)[]> {
  const file = capturedFile(loaded);
  if (advice.length === 0 || !existsSync(file)) return advice.map(() => null);
  const { openCapturedStore } = await import('../capture/captured-store.ts');
  const { firstDifference } = await import('../promptcache/first-difference.ts');
  const store = await openCapturedStore(file);
  try {
    const differences: (FirstDifference | null)[] = [];
    for (const { examples } of advice) {
      const prompts = new Map<string, unknown>();
      for await (const { requestId, prompt } of store.read({ requestIds: examples.flat() })) {
        prompts.set(requestId, prompt);
      }
      const pair = examples.find(([one, other]) => prompts.has(one) && prompts.has(other));
      differences.push(
        pair === undefined ? null : firstDifference(prompts.get(pair[0]), prompts.get(pair[1])),
      );
    }
    return differences;
  } finally {
    await store.close();
  }
}
