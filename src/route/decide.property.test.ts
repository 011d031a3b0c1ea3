import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { chosen, far, mid, near, price } from './fakes.ts';
import type { PolicyFacts, RouteFacts, TierFacts } from './route-facts.ts';

/** Anything that the types allow. */
const arbitraryTier = (tier: string, level: number): fc.Arbitrary<TierFacts> =>
  fc.record({
    tier: fc.constant(tier),
    modelId: fc.constantFrom(`model-${String(level)}`, `other/${String(level)}`),
    boundary: fc.constantFrom('machine', 'inside', 'outside'),
    absence: fc.option(fc.constant('gone'), { freq: 5 }),
    rest: fc.option(
      fc.record({ reason: fc.constant('down'), pauseMs: fc.option(fc.integer({ min: 0, max: 60_000 })) }),
      { freq: 4 },
    ),
    isAllowed: fc.boolean(),
    can: fc.record({
      contextTokenCount: fc.option(fc.integer({ min: 1, max: 20_000 })),
      tools: fc.boolean(),
      media: fc.boolean(),
      schema: fc.boolean(),
      tokens: fc.boolean(),
    }),
    price: fc.option(
      fc
        .tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 90 }))
        .map(([input, output]) => price(input, output)),
    ),
    held: fc.record({
      tokenCount: fc.integer({ min: 0, max: 9000 }),
      keptTokenCount: fc.integer({ min: 0, max: 9000 }),
      odds: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    answers: fc.option(
      fc.record({ meanTokenCount: fc.integer({ min: 1, max: 3000 }), count: fc.constant(9) }),
    ),
    speed: fc.option(
      fc.record({
        firstTokenMs: fc.integer({ min: 0, max: 9000 }),
        msPerToken: fc.integer({ min: 0, max: 200 }),
      }),
    ),
    health: fc.record({
      penalty: fc.constantFrom(0, 0, 0.2),
      reason: fc.constantFrom(null, 'its answers got worse'),
    }),
  });

const arbitraryPolicy: fc.Arbitrary<PolicyFacts> = fc.oneof(
  fc.record({ kind: fc.constant('fixed' as const), tier: fc.constantFrom('t0', 't1', 't9') }),
  fc.record({
    kind: fc.constant('heuristic' as const),
    characterCount: fc.integer({ min: 0, max: 200 }),
    shortBelow: fc.constant(50),
    complexWord: fc.option(fc.constant('prove')),
    privacyWord: fc.option(fc.constant('medical')),
  }),
  fc.record({
    kind: fc.constant('classifier' as const),
    thresholds: fc.constantFrom([], [0.5], [0.3, 0.7], [0.1, 0.2, 0.3, 0.4, 0.5]),
    source: fc.constant('test'),
  }),
  fc.record({
    kind: fc.constant('calibrated' as const),
    profile: fc.constant('own'),
    scores: fc.dictionary(
      fc.constantFrom('t0', 't1', 't2', 't3'),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
    costs: fc.dictionary(fc.constantFrom('t0', 't1', 't2', 't3'), fc.double({ min: 0, max: 1, noNaN: true })),
    worth: fc.constantFrom(0, 1, 50, Number.MAX_VALUE),
  }),
);

const arbitraryFacts: fc.Arbitrary<RouteFacts> = fc.integer({ min: 1, max: 5 }).chain((count) =>
  fc.record({
    request: fc.record({
      promptTokenCount: fc.integer({ min: 0, max: 20_000 }),
      maxTokenCount: fc.option(fc.integer({ min: 0, max: 4000 })),
      choiceCount: fc.integer({ min: 1, max: 3 }),
      needs: fc.record({
        tools: fc.boolean(),
        media: fc.boolean(),
        schema: fc.boolean(),
        tokens: fc.boolean(),
      }),
      fitsAnyContext: fc.boolean(),
      priority: fc.constantFrom('voice', 'default', 'bulk'),
      firstTokenMs: fc.option(fc.constant(100)),
      leftMs: fc.option(fc.integer({ min: 0, max: 60_000 })),
    }),
    label: fc.constantFrom('open', 'local_only'),
    mayLeave: fc.boolean(),
    difficulty: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    task: fc.constantFrom(null, 'code'),
    tiers: fc.tuple(
      ...Array.from({ length: count }, (_, level) => arbitraryTier(`t${String(level)}`, level)),
    ),
    policy: arbitraryPolicy,
    budgetLeftMicros: fc.option(fc.integer({ min: 0, max: 100_000 })),
    boundModelId: fc.constantFrom(null, 'model-1', 'gone'),
    cascade: fc.boolean(),
  }),
);

const runs = { numRuns: 1000 };

describe('whatever the facts', () => {
  it('there is a decision or a refusal, the same each time, and every other tier is accounted for', () => {
    fc.assert(
      fc.property(arbitraryFacts, (facts) => {
        const one = decide(facts);
        expect(decide(structuredClone(facts))).toEqual(one);
        const named = facts.tiers.map(({ tier }) => tier);
        if (one.type === 'refused') {
          expect(one.alternatives.map(({ tier }) => tier)).toEqual(named);
          return;
        }
        expect(named).toContain(one.tier);
        expect(one.alternatives.map(({ tier }) => tier)).toEqual(named.filter((tier) => tier !== one.tier));
        expect(one.reasons.length).toBeGreaterThan(0);
        // The label's reason comes first.
        if (facts.label === 'local_only') expect(one.reasons[0]).toMatch(/^local_only/);
        expect(one.fallbackIds).not.toContain(one.modelId);
        expect(new Set(one.fallbackIds).size).toBe(one.fallbackIds.length);
      }),
      runs,
    );
  });

  it('nothing that must stay inside goes outside, not even as a fallback', () => {
    fc.assert(
      fc.property(arbitraryFacts, (facts) => {
        const decision = decide({ ...facts, mayLeave: false });
        if (decision.type === 'refused') return;
        const outside = facts.tiers
          .filter(({ boundary }) => boundary === 'outside')
          .map(({ modelId }) => modelId);
        for (const id of [decision.modelId, ...decision.fallbackIds]) expect(outside).not.toContain(id);
      }),
      runs,
    );
  });

  it('no tier is asked that lacks what the request needs, may not be asked, is down or cannot be paid for', () => {
    fc.assert(
      fc.property(arbitraryFacts, (facts) => {
        const decision = decide(facts);
        if (decision.type === 'refused') return;
        for (const id of [decision.modelId, ...decision.fallbackIds]) {
          const able = facts.tiers.filter(({ modelId }) => modelId === id);
          const { needs, promptTokenCount, fitsAnyContext } = facts.request;
          expect(
            able.some(
              ({ can, isAllowed, absence, rest }) =>
                isAllowed &&
                absence === null &&
                rest === null &&
                (can.tools || !needs.tools) &&
                (can.media || !needs.media) &&
                (can.schema || !needs.schema) &&
                (can.tokens || !needs.tokens) &&
                (fitsAnyContext || promptTokenCount < (can.contextTokenCount ?? Infinity)),
            ),
          ).toBe(true);
        }
        const { budgetLeftMicros } = facts;
        if (budgetLeftMicros !== null)
          expect(decision.cost.micros ?? Infinity).toBeLessThanOrEqual(budgetLeftMicros);
      }),
      runs,
    );
  });

  it('a higher price of a tier never brings it a request', () => {
    fc.assert(
      fc.property(
        arbitraryFacts,
        fc.nat(4),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 100 }),
        (facts, at, moreIn, moreOut) => {
          const level = at % facts.tiers.length;
          const tier = facts.tiers[level]!;
          const { price: old } = tier;
          if (old === null) return;
          const dearer: TierFacts = {
            ...tier,
            price: {
              ...old,
              promptMicrosPerMillion: old.promptMicrosPerMillion + moreIn * 1_000_000,
              cachedMicrosPerMillion: old.cachedMicrosPerMillion + moreIn * 100_000,
              completionMicrosPerMillion: old.completionMicrosPerMillion + moreOut * 1_000_000,
            },
          };
          const before = decide(facts);
          const after = decide({ ...facts, tiers: facts.tiers.with(level, dearer) });
          const took = before.type === 'chosen' && before.tier === tier.tier;
          const takes = after.type === 'chosen' && after.tier === tier.tier;
          expect(takes && !took).toBe(false);
        },
      ),
      runs,
    );
  });

  it('a harder prompt never goes to a less able tier by the classifier where all can answer', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (one, other) => {
          const levelAt = (difficulty: number) =>
            ['near', 'mid', 'far'].indexOf(chosen({ difficulty, tiers: [near, mid, far] }).tier);
          expect(levelAt(Math.max(one, other))).toBeGreaterThanOrEqual(levelAt(Math.min(one, other)));
        },
      ),
    );
  });
});
