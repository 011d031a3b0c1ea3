import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anthropicRules, openaiRules, type CacheRules } from './cache-rules.ts';
import { planMarks, weighMarks, type MarkPlace } from './plan-marks.ts';

const opus = {
  currency: 'USD',
  promptMicrosPerMillion: 5_000_000,
  cachedMicrosPerMillion: 500_000,
  completionMicrosPerMillion: 25_000_000,
};
const anthropic = anthropicRules('claude-opus-5', opus)!;
const openai = openaiRules('gpt-6-sol', { ...opus, cacheWriteMicrosPerMillion: 6_250_000 })!;

const odds = fc
  .tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map((three) => three.toSorted((one, other) => one - other));

/** Each request like the next. */
const steady = (likely: readonly number[]) => ({ next: likely, later: likely, isConversation: false });

/** A prompt whose deeper places are never likelier than those before them. */
const prompts = fc
  .record({
    rules: fc.constantFrom(anthropic, openai),
    steps: fc.array(
      fc.record({
        length: fc.integer({ min: 1, max: 6000 }),
        stride: fc.integer({ min: 0, max: 30 }),
        odds: fc.option(odds, { freq: 4 }),
        held: fc.boolean(),
      }),
      { minLength: 1, maxLength: 14 },
    ),
    rest: fc.integer({ min: 0, max: 3000 }),
  })
  .map(({ rules, steps, rest }) => {
    let tokenCount = 0;
    let position = 0;
    let least: readonly number[] = [1, 1, 1];
    const places = steps.map((step): MarkPlace => {
      tokenCount += step.length;
      position += step.stride;
      if (step.odds !== null) least = least.map((own, index) => Math.min(own, step.odds?.[index] ?? 0));
      return {
        tokenCount,
        position,
        held: step.held ? (rules.lifetimes.at(-1) ?? null) : null,
        odds: step.odds === null ? null : steady(least),
      };
    });
    return { rules, places, tokenCount: tokenCount + rest };
  });

/** One place, never seen before. */
function single(likely: number, rules: CacheRules = anthropic) {
  const place = { tokenCount: 10_000, position: 1, held: null, odds: steady([likely, likely, likely]) };
  return planMarks([place], 12_000, rules);
}

describe('planned marks', () => {
  test('are never more than four, never below the minimum, longest lifetimes first, and never dearer than none', () => {
    fc.assert(
      fc.property(prompts, ({ rules, places, tokenCount }) => {
        const { marks, expectedCost, readTokenCount } = planMarks(places, tokenCount, rules);
        expect(marks.length).toBeLessThanOrEqual(4);
        expect(marks.map(({ place }) => place)).toEqual(
          marks.map(({ place }) => place).toSorted((one, other) => one - other),
        );
        for (const [index, { place, lifetime }] of marks.entries()) {
          expect(places[place]?.odds).not.toBeNull();
          expect(places[place]?.tokenCount).toBeGreaterThanOrEqual(rules.minimumTokenCount);
          const before = marks[index - 1]?.lifetime.durationMs ?? Infinity;
          expect(lifetime.durationMs).toBeLessThanOrEqual(before);
        }
        expect(expectedCost).toBeLessThanOrEqual(tokenCount);
        expect(readTokenCount).toBeLessThanOrEqual(tokenCount);
      }),
      { numRuns: 300 },
    );
  });

  test('do not change where something is added that nothing is known about', () => {
    fc.assert(
      fc.property(prompts, fc.nat(), ({ rules, places, tokenCount }, at) => {
        const index = at % places.length;
        const neighbour = places[index]!;
        const added = [
          ...places.slice(0, index + 1),
          { ...neighbour, held: null, odds: null },
          ...places.slice(index + 1),
        ];
        const moved = (place: number): number => (place > index ? place + 1 : place);
        const before = planMarks(places, tokenCount, rules).marks;
        expect(planMarks(added, tokenCount, rules).marks).toEqual(
          before.map(({ place, lifetime }) => ({ place: moved(place), lifetime })),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('stand exactly where reading and writing cost less in the long run than neither', () => {
    const [long, short] = anthropic.lifetimes;
    const read = anthropic.readRate;
    for (let percent = 0; percent <= 100; percent += 1) {
      const likely = percent / 100;
      const cost = Math.min(
        likely * read + (1 - likely) * (short?.writeRate ?? 0),
        likely * read + (1 - likely) * (long?.writeRate ?? 0),
      );
      if (Math.abs(cost - 1) < 1e-3) continue;
      expect(single(likely).marks.length, String(likely)).toBe(cost < 1 ? 1 : 0);
    }
  });

  test('are for an hour where the next request comes too late for five minutes', () => {
    const place = (five: number, sixty: number) =>
      planMarks(
        [{ tokenCount: 9000, position: 1, held: null, odds: steady([five, sixty, sixty]) }],
        9100,
        anthropic,
      ).marks[0];
    expect(place(0.95, 0.96)?.lifetime.name).toBe('5m');
    expect(place(0.3, 0.95)?.lifetime.name).toBe('1h');
    expect(place(0.1, 0.4)).toBeUndefined();
  });

  test('are for an hour where the next request comes soon and later ones pause', () => {
    const place = (five: number) => ({
      tokenCount: 9000,
      position: 1,
      held: null,
      odds: { next: [0.99, 0.99, 0.99], later: [five, 0.97, 0.97], isConversation: false },
    });
    expect(planMarks([place(0.9)], 9100, anthropic).marks[0]?.lifetime.name).toBe('1h');
    expect(planMarks([place(0.965)], 9100, anthropic).marks[0]?.lifetime.name).toBe('5m');
  });

  test('give a long conversation an hour by its last tokens, and a short one five minutes', () => {
    const short = anthropic.lifetimes.at(-1)!;
    const likely = { next: [0.9, 0.97, 0.97], later: [0.9, 0.97, 0.97], isConversation: true };
    const lifetimeBehind = (heldTokenCount: number) =>
      planMarks(
        [
          { tokenCount: heldTokenCount, position: 1, held: short, odds: likely },
          { tokenCount: heldTokenCount + 500, position: 3, held: null, odds: likely },
        ],
        heldTokenCount + 500,
        anthropic,
      ).marks.at(-1)?.lifetime.name;
    expect(lifetimeBehind(1000)).toBe('5m');
    expect(lifetimeBehind(50_000)).toBe('1h');
  });

  test('read what is held though nobody is expected to come again', () => {
    const held = anthropic.lifetimes.at(-1)!;
    const none = steady([0, 0, 0]);
    const places = [
      { tokenCount: 8000, position: 3, held, odds: none },
      { tokenCount: 9000, position: 4, held: null, odds: none },
    ];
    expect(planMarks(places, 9000, anthropic)).toMatchObject({
      marks: [{ place: 0 }],
      readTokenCount: 8000,
    });
  });

  test('reach what is held only within the positions that the provider looks back over', () => {
    const held = anthropic.lifetimes.at(-1)!;
    const likely = steady([0.9, 0.9, 0.9]);
    const plan = (distance: number) =>
      planMarks(
        [
          { tokenCount: 20_000, position: 1, held, odds: null },
          { tokenCount: 21_000, position: 1 + distance, held: null, odds: likely },
        ],
        21_000,
        anthropic,
      );
    expect(plan(19).readTokenCount).toBe(20_000);
    expect(plan(20).readTokenCount).toBe(0);
  });
});

describe('marks at given places', () => {
  const [long, short] = anthropic.lifetimes;
  const place = (tokenCount: number, held: MarkPlace['held'], odds: MarkPlace['odds'] = null): MarkPlace => ({
    tokenCount,
    position: tokenCount / 1000,
    held,
    odds,
  });

  test('are for the shortest lifetime, but for what is held; too short prefixes take none', () => {
    const places = [place(100, null), place(2000, long!), place(4000, null), place(5000, null)];
    const plan = weighMarks([0, 1, 2], places, 5000, anthropic);
    expect(plan?.marks).toEqual([
      { place: 1, lifetime: long },
      { place: 2, lifetime: short },
    ]);
    expect(plan).toMatchObject({ readTokenCount: 2000, surcharge: 500 });
  });

  test('are none where what is held would put an hour behind five minutes', () => {
    expect(weighMarks([0, 1], [place(2000, short!), place(4000, long!)], 5000, anthropic)).toBeNull();
  });
});

describe('rules', () => {
  test('are known only where reading is known to be cheaper', () => {
    expect(anthropicRules('claude-opus-5', null)).toBeNull();
    expect(anthropicRules('claude-opus-5', { ...opus, cachedMicrosPerMillion: 5_000_000 })).toBeNull();
    expect(openaiRules('gpt-6-sol', opus)).toBeNull();
    const charged = { ...opus, cacheWriteMicrosPerMillion: 6_250_000 };
    expect(openaiRules('gpt-5.6-luna', charged)).not.toBeNull();
    for (const older of ['gpt-5.5', 'gpt-5.4-mini', 'gpt-4o', 'o3', 'my-deployment']) {
      expect(openaiRules(older, charged)).toBeNull();
    }
  });

  test('have the documented minimum of each model, and the largest for one that is not known', () => {
    const minimum = (model: string) => anthropicRules(model, opus)?.minimumTokenCount;
    expect(minimum('claude-opus-5-5')).toBe(512);
    expect(minimum('claude-fable-5-1')).toBe(512);
    expect(minimum('claude-sonnet-5')).toBe(1024);
    expect(minimum('claude-opus-4-8')).toBe(1024);
    expect(minimum('claude-sonnet-4-5-20250929')).toBe(1024);
    expect(minimum('claude-opus-4-7')).toBe(2048);
    expect(minimum('claude-opus-4-6')).toBe(4096);
    expect(minimum('claude-haiku-4-5')).toBe(4096);
    expect(minimum('claude-of-tomorrow')).toBe(4096);
  });
});
