import { describe, expect, test } from 'vitest';
import { costOf, replay } from './prompt-cache-replay.ts';
import { randomRules, randomTraffic, type RandomTraffic } from './workloads/random-traffic.ts';
import { seededRandom } from '../src/random/seeded-random.ts';

/** Seeds of these tests only. */
const seeds = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => from + index);

/** Prompts of one source that goes on as it began: one of `count` instructions, with a question behind, at random times. */
function stationary(seed: number, everyMs: number, requestCount: number): RandomTraffic {
  const random = seededRandom(seed);
  const system = (name: number): string => `${String(seed)}-${String(name)} `.repeat(1500);
  let at = 0;
  const requests = Array.from({ length: requestCount }, (_, index) => {
    at += -everyMs * Math.log(1 - random());
    return { at, system: system(0), texts: [`${String(index)} ${'word '.repeat(60)}`] };
  });
  return { rules: { ...randomRules(random), protocol: 'anthropic', minimumTokenCount: 1024 }, requests };
}

describe('what planned marks cost', () => {
  test('is by no traffic and no prices more than 1.02 times what it costs without, and four prompts', () => {
    for (const seed of seeds(7000, 24)) {
      const traffic = randomTraffic(seed, { requestCount: 100, sourceCount: 4 });
      const none = replay(traffic, 'none');
      const planned = replay(traffic, 'planned');
      // At every moment, not only at the end; tokens of planner and provider differ a little.
      let without = 0;
      let withMarks = 0;
      let largest = 0;
      for (const [index, bill] of none.entries()) {
        without += bill.cost;
        withMarks += planned[index]?.cost ?? 0;
        largest = Math.max(largest, bill.promptTokenCount);
        expect(withMarks, `seed ${String(seed)}, request ${String(index)}`).toBeLessThanOrEqual(
          1.02 * without + 4.4 * largest,
        );
      }
    }
  });

  test('is in the long run no more than that of the better of no marks and all', () => {
    // Seconds, minutes, half an hour and hours between two: all, all, long lifetimes, and none are right.
    for (const [index, everyMs] of [20_000, 120_000, 1_200_000, 20_000_000].entries()) {
      const traffic = stationary(7100 + index, everyMs, 400);
      const later = (marking: Parameters<typeof replay>[1]): number =>
        costOf(replay(traffic, marking).slice(100));
      const best = Math.min(later('none'), later('all'));
      expect(later('planned') / best, `every ${String(everyMs)} ms`).toBeLessThanOrEqual(1.01);
    }
  });
});
