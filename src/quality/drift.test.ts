import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delayOf, designDrift, tilted } from './drift-design.ts';
import { beginWatch, fallOf, levelOf, watch } from './drift.ts';
import { meanScore, outcomes, type Outcome, type OutcomeShares } from './outcome.ts';
import { createRandom } from '../engine/sampling/random.ts';
import { drawOutcome, runUntilAlarm } from './simulate-drift.ts';

const usual: OutcomeShares = { win: 0.1, tie: 0.8, loss: 0.1 };
const known = (shares: OutcomeShares) =>
  beginWatch({ shares, answerCount: Infinity, source: 'calibration' } as const);

const anyShares = fc
  .tuple(
    fc.double({ min: 0.01, max: 1, noNaN: true }),
    fc.double({ min: 0.01, max: 1, noNaN: true }),
    fc.double({ min: 0.01, max: 1, noNaN: true }),
  )
  .map(([win, tie, loss]) => {
    const sum = win + tie + loss;
    return { win: win / sum, tie: tie / sum, loss: loss / sum };
  })
  .filter((shares) => meanScore(shares) > 0.2);

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * values.length)] ?? Infinity;
}

describe('the design', () => {
  test('tilting gives the mean that was asked for, and of all distributions with it the nearest', () => {
    fc.assert(
      fc.property(anyShares, (shares) => {
        const mean = meanScore(shares) - 0.1;
        const fallen = tilted(shares, mean);
        expect(meanScore(fallen)).toBeCloseTo(mean, 6);
        // Along the one direction that keeps sum and mean, the divergence is least at the tilted one.
        const divergence = (by: number): number => {
          const moved = { win: fallen.win + by, tie: fallen.tie - 2 * by, loss: fallen.loss + by };
          return outcomes.reduce((sum, one) => sum + moved[one] * Math.log(moved[one] / shares[one]), 0);
        };
        const small = Math.min(fallen.win, fallen.tie / 2, fallen.loss) / 10;
        expect(divergence(0)).toBeLessThanOrEqual(divergence(small) + 1e-12);
        expect(divergence(0)).toBeLessThanOrEqual(divergence(-small) + 1e-12);
      }),
      { numRuns: 50 },
    );
  });

  test('a better answer never speaks for a fall more than a worse one, and the watch begins below the alarm', () => {
    fc.assert(
      fc.property(anyShares, (shares) => {
        const { steps, threshold, watchThreshold } = designDrift(shares);
        expect(steps.loss).toBeGreaterThanOrEqual(steps.tie);
        expect(steps.tie).toBeGreaterThanOrEqual(steps.win);
        expect(steps.loss).toBeGreaterThan(0);
        expect(steps.win).toBeLessThan(0);
        expect(watchThreshold).toBeGreaterThan(0);
        expect(watchThreshold).toBeLessThan(threshold);
      }),
      { numRuns: 25 },
    );
  });
});

describe('simulated', () => {
  test('a tier that is as expected gives less than 1% false alarms in 10,000 judged answers', () => {
    const random = createRandom(1);
    const begun = known(usual);
    const runs = Array.from({ length: 400 }, () => runUntilAlarm(begun, usual, 10_000, random));
    const alarms = runs.filter(({ alarmAfter }) => alarmAfter !== null).length;
    // The bound is 1% of the runs; 400 of them show more than 9 with a chance of under 1% where it holds.
    expect(alarms).toBeLessThanOrEqual(9);
    const lowered = runs.reduce((sum, { loweredCount }) => sum + loweredCount, 0);
    expect(lowered / (400 * 10_000)).toBeLessThan(0.015);
  });

  test.each([
    ['hardest', tilted(usual, meanScore(usual) - 0.1)],
    ['better ones become as good', { win: 0, tie: 0.8, loss: 0.2 }],
    ['as good ones become worse', { win: 0.1, tie: 0.6, loss: 0.3 }],
  ])('after a fall of ten points it loses traffic within 200: %s', (_, fallen) => {
    const random = createRandom(2);
    const begun = known(usual);
    const runs = Array.from({ length: 1000 }, () => runUntilAlarm(begun, fallen, 5000, random));
    const alarmed = runs.map(({ alarmAfter }) => alarmAfter ?? Infinity);
    const watched = runs.map(({ watchedAfter }) => watchedAfter ?? Infinity);
    expect(quantile(alarmed, 0.5)).toBeLessThanOrEqual(200);
    expect(quantile(alarmed, 0.95)).toBeLessThanOrEqual(220);
    expect(quantile(watched, 0.95)).toBeLessThanOrEqual(120);
  });

  test('what the chain predicts is what happens', () => {
    const random = createRandom(3);
    const begun = known({ win: 0.2, tie: 0.5, loss: 0.3 });
    const predicted = delayOf(begun.design, begun.design.threshold);
    const runs = Array.from(
      { length: 600 },
      () => runUntilAlarm(begun, begun.design.fallen, 5000, random).alarmAfter ?? Infinity,
    );
    expect(Math.abs(quantile(runs, 0.5) / predicted.median - 1)).toBeLessThan(0.12);
    expect(Math.abs(quantile(runs, 0.95) / predicted.percentile95 - 1)).toBeLessThan(0.15);
  });
});

describe('recovery', () => {
  function after(begin: ReturnType<typeof known>, shares: OutcomeShares, count: number, seed: number) {
    const random = createRandom(seed);
    let now = begin;
    for (let turn = 0; turn < count; turn += 1) now = watch(now, drawOutcome(shares, random));
    return now;
  }

  test('a tier that stays fallen stays lowered, one that is as expected again gets its share back', () => {
    const begun = known(usual);
    const fallen = after(begun, { win: 0, tie: 0.7, loss: 0.3 }, 400, 4);
    expect(levelOf(fallen)).toBe('fallen');
    expect(fallOf(fallen)).toBeGreaterThan(0.08);
    const still = after(fallen, begun.design.fallen, 300, 5);
    expect(levelOf(still)).toBe('fallen');
    expect(levelOf(after(still, usual, 600, 6))).toBe('as expected');
  });

  test('losses alone end in a fall, wins alone never; nothing else happens whatever comes', () => {
    const begun = known(usual);
    const all = (outcome: Outcome) =>
      Array.from({ length: 60 }).reduce<typeof begun>((now) => watch(now, outcome), begun);
    expect(levelOf(all('loss'))).toBe('fallen');
    expect(levelOf(all('win'))).toBe('as expected');
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Outcome>('win', 'tie', 'loss'), { maxLength: 400 }), (list) => {
        let now = begun;
        for (const outcome of list) {
          now = watch(now, outcome);
          expect(now.state.sum).toBeGreaterThanOrEqual(0);
          const fall = fallOf(now);
          expect(fall).toBeGreaterThanOrEqual(0);
          expect(fall).toBeLessThanOrEqual(1);
          expect(fall > 0).toBe(levelOf(now) === 'fallen');
        }
      }),
      { numRuns: 50 },
    );
  });
});
