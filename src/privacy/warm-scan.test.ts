import { expect, it } from 'vitest';
import { detectors } from './scan-text.ts';
import { warmScan } from './warm-scan.ts';

it('makes every detector find something, a sentence and a detector at a time', async () => {
  const found = new Set<string>();
  const usedSince = new Set<string>();
  let pauseCount = 0;
  let mostAtOnce = 0;
  await warmScan({
    detectors: detectors.map((one) => ({
      name: one.name,
      find: (text, facts) => {
        usedSince.add(one.name);
        const spans = one.find(text, facts);
        if (spans.length > 0) found.add(one.name);
        return spans;
      },
    })),
    pause: () => {
      // All at once only when their patterns were translated one by one.
      if (pauseCount < detectors.length) mostAtOnce = Math.max(mostAtOnce, usedSince.size);
      usedSince.clear();
      pauseCount += 1;
      return Promise.resolve();
    },
  });
  expect(mostAtOnce).toBe(1);
  expect(pauseCount).toBeGreaterThan(500);
  const never = detectors.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  // A wallet needs a checksum of its own, which no other detector shares a pattern with.
  expect(never).toEqual(['crypto_wallet']);
});
