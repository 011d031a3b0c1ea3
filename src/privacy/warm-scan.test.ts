import { expect, it } from 'vitest';
import { createScanText, detectors } from './scan-text.ts';
import { warmScan } from './warm-scan.ts';

it('makes every detector find something, a sentence at a time', async () => {
  const found = new Set<string>();
  let isBusy = false;
  let pauseCount = 0;
  const scan = createScanText({
    detectors: detectors.map((one) => ({
      name: one.name,
      find: (text, facts) => {
        const spans = one.find(text, facts);
        if (spans.length > 0) found.add(one.name);
        return spans;
      },
    })),
  });
  await warmScan(
    (text) => {
      expect(isBusy).toBe(false);
      isBusy = true;
      return scan(text);
    },
    () => {
      isBusy = false;
      pauseCount += 1;
      return Promise.resolve();
    },
  );
  expect(pauseCount).toBeGreaterThan(20);
  const never = detectors.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  // A wallet needs a checksum of its own, which no other detector shares a pattern with.
  expect(never).toEqual(['crypto_wallet']);
});
