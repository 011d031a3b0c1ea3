import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBulkCredit } from './bulk-credit.ts';

describe('the credit of bulk', () => {
  it('lets bulk have two sevenths of the time of steps with people, however it takes it', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            peopleMs: fc.integer({ min: 0, max: 250 }),
            greed: fc.double({ min: 0, max: 1, noNaN: true }),
          }),
          { minLength: 1, maxLength: 200 },
        ),
        (steps) => {
          const limitMs = 50;
          const credit = createBulkCredit();
          let people = 0;
          let bulk = 0;
          for (const { peopleMs, greed } of steps) {
            const bulkMs = peopleMs === 0 ? 0 : greed * Math.max(0, credit.ms);
            credit.note({ peopleMs, bulkMs }, limitMs);
            people += peopleMs;
            bulk += bulkMs;
            expect(credit.ms).toBeGreaterThanOrEqual(0);
            expect(credit.ms).toBeLessThanOrEqual(limitMs);
          }
          expect(bulk).toBeLessThanOrEqual(people * 0.4 + 1e-6);
        },
      ),
    );
  });

  it('owes what bulk took beyond it, and no more than the limit', () => {
    const credit = createBulkCredit();
    credit.note({ peopleMs: 10, bulkMs: 30 }, 100);
    expect(credit.ms).toBe(-26);
    credit.note({ peopleMs: 10, bulkMs: 500 }, 100);
    expect(credit.ms).toBe(-100);
  });

  it('is not touched by steps of bulk alone', () => {
    const credit = createBulkCredit();
    credit.note({ peopleMs: 20, bulkMs: 0 }, 100);
    credit.note({ peopleMs: 0, bulkMs: 90 }, 100);
    expect(credit.ms).toBe(8);
  });
});
