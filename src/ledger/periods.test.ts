import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPeriods } from './periods.ts';

const hours = (from: number, to: number) => (to - from) / 3_600_000;

test('days and months of UTC', () => {
  const at = Date.UTC(2026, 10, 25, 13, 5, 7);
  expect(createPeriods('UTC')(at)).toEqual({
    dayStartsAt: Date.UTC(2026, 10, 25),
    dayEndsAt: Date.UTC(2026, 10, 26),
    monthStartsAt: Date.UTC(2026, 10, 1),
    monthEndsAt: Date.UTC(2026, 11, 1),
  });
});

test('days are as long as the clocks of the zone make them', () => {
  const oslo = createPeriods('Europe/Oslo');
  const spring = oslo(Date.UTC(2026, 2, 29, 12));
  const autumn = oslo(Date.UTC(2026, 9, 25, 12));
  expect(hours(spring.dayStartsAt, spring.dayEndsAt)).toBe(23);
  expect(hours(autumn.dayStartsAt, autumn.dayEndsAt)).toBe(25);
  expect(spring.monthStartsAt).toBe(Date.UTC(2026, 1, 28, 23));
});

test.each(['UTC', 'Europe/Oslo', 'Pacific/Kiritimati', 'America/St_Johns', 'Asia/Kolkata', 'America/Havana'])(
  'in %s every moment is within its day, and days follow each other',
  (zone) => {
    const periodsAt = createPeriods(zone);
    const moment = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2028, 0, 1) });
    fc.assert(
      fc.property(moment, (at) => {
        const { dayStartsAt, dayEndsAt, monthStartsAt, monthEndsAt } = periodsAt(at);
        expect(dayStartsAt <= at && at < dayEndsAt).toBe(true);
        expect(monthStartsAt <= dayStartsAt && dayEndsAt <= monthEndsAt).toBe(true);
        expect(periodsAt(dayEndsAt).dayStartsAt).toBe(dayEndsAt);
        expect(periodsAt(dayStartsAt)).toEqual(periodsAt(at));
      }),
      { numRuns: 60 },
    );
  },
);

test('a zone that is none is refused', () => {
  expect(() => createPeriods('Mars/Base')).toThrow(RangeError);
});
