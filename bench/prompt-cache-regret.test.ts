import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costOf, openReplay, replay, runningCosts } from './prompt-cache-replay.ts';
import type { ProviderRules } from './prompt-cache-bill.ts';
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

/** Tokens of the conversations that a provider may hold: those asked within its lifetime. */
function heldBy(requests: RandomTraffic['requests'], { rules }: RandomTraffic): number {
  const now = requests.at(-1)?.at ?? 0;
  const lifetimeMs = rules.protocol === 'openai' ? 30 * 60_000 : 5 * 60_000;
  const held = new Map<string, number>();
  for (const { at, system, texts } of requests) {
    // Four characters to a token, at least.
    const tokenCount = ((system?.length ?? 0) + texts.join('').length) / 3;
    if (now - at <= lifetimeMs) held.set(`${system ?? ''}\n${texts[0] ?? ''}`, tokenCount);
  }
  return [...held.values()].reduce((sum, tokenCount) => sum + tokenCount, 0);
}

/** Prompts of new instructions each; one for which the planner writes nothing comes again. */
function adaptive(rules: ProviderRules, promptCount: number): RandomTraffic {
  const requests: RandomTraffic['requests'][number][] = [];
  const ask = openReplay(rules, 'planned');
  for (let index = 0; index < promptCount; index += 1) {
    const system = `${String(index)} rule `.repeat(1500);
    const first = { at: index * 3_600_000, system, texts: [`Question ${String(index)}?`] };
    const isWritten = ask(first).writtenTokenCount > 0;
    const again = { ...first, at: first.at + 30_000, texts: [`Another ${String(index)}?`] };
    if (!isWritten) ask(again);
    requests.push(first, ...(isWritten ? [] : [again]));
  }
  return { rules, requests };
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

  test('is by no traffic more than 1.02 times what everything marked costs, four prompts and what was held then, unless the purse is empty', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8000, max: 1_000_000 }), (seed) => {
        const traffic = randomTraffic(seed, { requestCount: 100, sourceCount: 4 });
        const { rules, requests } = traffic;
        const [none, all, planned] = (['none', 'all', 'planned'] as const).map((marking) =>
          runningCosts(replay(traffic, marking)),
        );
        const surcharge = Math.max(rules.writeRate, rules.longWriteRate) - 1;
        let largest = 0;
        let mostHeld = 0;
        let isEmpty = false;
        for (const [index, ours] of (planned ?? []).entries()) {
          const without = none?.[index] ?? NaN;
          largest = Math.max(largest, without - (none?.[index - 1] ?? 0));
          mostHeld = Math.max(mostHeld, heldBy(requests.slice(0, index + 1), traffic));
          isEmpty ||= ours - 1.02 * without > (4 - surcharge) * largest * 0.9;
          // Tokens of planner and provider differ a little.
          const most =
            1.02 * (all?.[index] ?? NaN) + 1.1 * (4 * largest + rules.writeRate * (largest + mostHeld));
          if (!isEmpty)
            expect(ours, `seed ${String(seed)}, request ${String(index)}`).toBeLessThanOrEqual(most);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('cannot be bounded against both: who stops where he is marked and goes on where not makes it dearer than one', () => {
    // Decision 228: of deterministic planners none comes closer to both than 1.14 with these prices.
    const { rules } = stationary(1, 1000, 1);
    const prices = { ...rules, readRate: 0.1, writeRate: 1.25, longWriteRate: 2 };
    const traffic = adaptive(prices, 120);
    const [none, all, planned] = (['none', 'all', 'planned'] as const).map((marking) =>
      costOf(replay(traffic, marking)),
    );
    const dearest = Math.max((planned ?? NaN) / (none ?? NaN), (planned ?? NaN) / (all ?? NaN));
    expect(dearest).toBeGreaterThan(1.1);
    // And yet as close to no marks as is promised.
    expect((planned ?? NaN) / (none ?? NaN)).toBeLessThan(1.06);
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
