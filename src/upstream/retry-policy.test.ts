import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import { retryWaitMs } from './retry-policy.ts';

const settings = { retryCount: 3, longestWaitMs: 10_000 };
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

it('a wait is never shorter than Retry-After, and never longer than anybody waits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.option(fc.nat(30)), random, (tries, seconds, chance) => {
      const error = new NearfarError(
        'rate_limited',
        'Slowly.',
        seconds === null ? {} : { retryAfterSeconds: seconds },
      );
      const wait = retryWaitMs(error, tries, settings, chance);
      if (tries > settings.retryCount) expect(wait).toBeNull();
      else if (seconds !== null && seconds * 1000 > settings.longestWaitMs) expect(wait).toBeNull();
      else if (wait !== null) {
        expect(wait).toBeGreaterThanOrEqual((seconds ?? 0) * 1000);
        expect(wait).toBeLessThanOrEqual(settings.longestWaitMs);
      }
    }),
  );
});

it('what asking again does not mend is not tried again', () => {
  for (const kind of ['invalid_request', 'forbidden', 'timeout', 'aborted'] as const) {
    expect(retryWaitMs(new NearfarError(kind, 'x'), 1, settings, 0.5)).toBeNull();
  }
  const refusedKey = new NearfarError('upstream_failed', 'x', { retryable: false });
  expect(retryWaitMs(refusedKey, 1, settings, 0.5)).toBeNull();
});
