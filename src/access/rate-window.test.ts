import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRateWindow } from './rate-window.ts';

describe('a window of a minute', () => {
  test('never holds more than the limit in any 60 seconds, and lets in again when it says so', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 30_000 }),
      count: fc.integer({ min: 1, max: 7 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 7, max: 30 }), fc.array(step, { maxLength: 80 }), (limit, steps) => {
        const window = createRateWindow(limit);
        const taken: { at: number; count: number }[] = [];
        let now = 5_000_000.25;
        for (const { afterMs, count } of steps) {
          now += afterMs;
          const waitMs = window.take(now, count);
          if (waitMs === 0) taken.push({ at: now, count });
          else {
            expect(window.take(now + waitMs, count)).toBe(0);
            taken.push({ at: now + waitMs, count });
            now += waitMs;
          }
        }
        for (const { at } of taken) {
          const within = taken.filter((other) => other.at >= at && other.at < at + 60_000);
          expect(within.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });

  test('counts what was used in place of what was set aside', () => {
    const window = createRateWindow(100);
    expect(window.take(1000, 80)).toBe(0);
    expect(window.take(2000, 30)).toBeGreaterThan(0);
    window.adjust(1000, 2500, 10 - 80);
    expect(window.remaining(2500)).toBe(90);
    expect(window.take(2600, 30)).toBe(0);
    // By then the second that it was taken in has left the window.
    window.adjust(1000, 100_000, 1000);
    expect(window.remaining(100_000)).toBe(100);
  });

  test('says when all of it is free again', () => {
    const window = createRateWindow(5);
    expect(window.resetMs(0)).toBe(0);
    window.take(1500, 2);
    expect(window.resetMs(1500)).toBe(60_500);
    expect(window.remaining(61_999)).toBe(3);
    expect(window.remaining(62_000)).toBe(5);
    expect(window.resetMs(62_000)).toBe(0);
  });
});
