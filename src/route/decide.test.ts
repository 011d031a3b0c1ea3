import { describe, expect, it } from 'vitest';
import { chosen, far, mid, near, price, refused, request } from './fakes.ts';
import type { PolicyFacts } from './route-facts.ts';

describe('the classifier policy', () => {
  it.each([
    [0, 'near'],
    [0.29, 'near'],
    [0.3, 'mid'],
    [0.69, 'mid'],
    [0.7, 'far'],
    [1, 'far'],
    [null, 'far'],
  ])('difficulty %s goes %s', (difficulty, tier) => {
    expect(chosen({ difficulty }).tier).toBe(tier);
  });

  it('sends what is for a middle that is not there far', () => {
    expect(chosen({ difficulty: 0.5, tiers: [near, far] }).tier).toBe('far');
    expect(chosen({ difficulty: 0.1, tiers: [near, far] }).tier).toBe('near');
  });

  it('says why, what else there was and what it would have cost', () => {
    const decision = chosen({ difficulty: 0.5 });
    expect(decision.reasons).toEqual(['mid: difficulty 0.50 (the shipped model) is below 0.70']);
    expect(decision.cost).toEqual({
      micros: 100 + 1200,
      basis:
        'estimated: 100 tokens of prompt (4 bytes each), 300 of answer (no answer of it was seen yet), by its price',
    });
    expect(decision.alternatives).toMatchObject([
      { tier: 'near', whyNot: 'not enough', cost: { micros: 0 } },
      { tier: 'far', whyNot: 'not needed', cost: { micros: 13_000 } },
    ]);
    expect(decision.fallbackIds).toEqual(['open/far', 'tiny']);
  });
});

describe("the guide's heuristic", () => {
  const heuristic = (changes: Partial<Extract<PolicyFacts, { kind: 'heuristic' }>>): PolicyFacts => ({
    kind: 'heuristic',
    characterCount: 20,
    shortBelow: 50,
    complexWord: null,
    privacyWord: null,
    ...changes,
  });
  it.each([
    [{}, 'near'],
    [{ complexWord: 'prove' }, 'far'],
    [{ characterCount: 50 }, 'far'],
    [{ characterCount: 500, privacyWord: 'medical' }, 'near'],
  ])('%j goes %s', (changes, tier) => {
    expect(chosen({ policy: heuristic(changes) }).tier).toBe(tier);
  });
  it('keeps private words inside, whatever fails', () => {
    const policy = heuristic({ characterCount: 500, privacyWord: 'ssn' });
    expect(chosen({ policy }).fallbackIds).toEqual([]);
    const down = { ...near, rest: { reason: 'its engine restarts', pauseMs: 2500 } };
    expect(refused({ policy, tiers: [down, mid, far] })).toMatchObject({
      kind: 'unavailable',
      retryAfterSeconds: 3,
    });
  });
});

describe('the calibrated policy', () => {
  const scores = { near: 0.6, mid: 0.8, far: 0.9 };
  const costs = { near: 0, mid: 0.001, far: 0.01 };
  const policyOf = (worth: number, changes: object = {}): PolicyFacts => ({
    kind: 'calibrated',
    profile: 'own',
    scores,
    costs,
    worth,
    ...changes,
  });
  it.each([
    [0, 'far'],
    // far costs 0.009 more than mid for 0.1, mid 0.001 for 0.2 more than near.
    [20, 'mid'],
    [300, 'near'],
    [Number.MAX_VALUE, 'near'],
  ])('with %d of a score for a unit of cost goes %s', (worth, tier) => {
    expect(chosen({ policy: policyOf(worth) }).tier).toBe(tier);
  });
  it('weighs no tier that the profile does not know', () => {
    const decision = chosen({ policy: policyOf(0, { scores: { near: 0.6, mid: 0.8 } }) });
    expect(decision.tier).toBe('mid');
    expect(decision.alternatives[1]?.whyNot).toBe('the profile own does not know it');
  });
  it('goes to the last tier where it knows none', () => {
    expect(chosen({ policy: policyOf(0, { scores: {}, costs: {} }) }).reasons).toEqual([
      'far: the profile own knows none of the tiers',
    ]);
  });
  it('takes what was judged worse of late off', () => {
    const worse = { ...mid, health: { penalty: 0.3, reason: 'fell' } };
    const decision = chosen({ policy: policyOf(20), tiers: [near, worse, far] });
    expect([decision.tier, decision.healthyTier]).toEqual(['far', 'mid']);
  });
});

describe('whoever is asked', () => {
  it('is another where the first is down, and it is said why', () => {
    const down = { ...near, rest: { reason: 'its engine restarts', pauseMs: null } };
    const decision = chosen({ tiers: [down, mid, far] });
    expect(decision.tier).toBe('mid');
    expect(decision.reasons.at(-1)).toBe('near is not asked: its engine restarts');
    expect(decision.fallbackIds).toEqual(['open/far']);
  });

  it('is nobody where the request must stay and the local model is down', () => {
    const down = { ...near, absence: 'tiny is not on this machine' };
    expect(refused({ label: 'local_only', mayLeave: false, tiers: [down, far] })).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining(
        'near: tiny is not on this machine; far: it is outside the boundary',
      ) as string,
    });
  });

  it('stays with the model that made the tool calls', () => {
    const decision = chosen({ boundModelId: 'open/far' });
    expect(decision).toMatchObject({ tier: 'far', reasons: ['far: it made the tool calls'] });
  });

  it('is one that is passed over only where a better one is there', () => {
    const worse = { ...near, health: { penalty: 0.1, reason: 'its answers got worse' } };
    expect(chosen({ tiers: [worse, far] })).toMatchObject({ tier: 'far', healthyTier: 'near' });
    expect(chosen({ tiers: [worse] })).toMatchObject({ tier: 'near' });
  });

  it('is a farther one while its provider holds the prompt and so costs less', () => {
    const long = { ...request, promptTokenCount: 8000, maxTokenCount: 10 };
    const heldFar = {
      ...far,
      price: price(3, 15),
      held: { tokenCount: 7900, keptTokenCount: 7900, odds: 1 },
    };
    const dear = { ...mid, price: price(1, 4) };
    expect(chosen({ request: long, difficulty: 0.5, tiers: [near, dear, heldFar] }).tier).toBe('far');
    expect(chosen({ request: long, difficulty: 0.5, tiers: [near, dear, far] }).tier).toBe('mid');
  });

  it('is one that is in time, if any is', () => {
    const slow = { ...near, speed: { firstTokenMs: 900, msPerToken: 50 } };
    const hurried = { ...request, leftMs: 5000 };
    expect(chosen({ request: hurried, tiers: [slow, mid, far] }).tier).toBe('mid');
    expect(chosen({ request: hurried, tiers: [slow] }).tier).toBe('near');
  });

  it('may hand over where a more able one is there', () => {
    expect(chosen({ cascade: true }).cascade).toBe(true);
    expect(chosen({ cascade: true, mayLeave: false, label: 'local_only' }).cascade).toBe(false);
    expect(chosen({ cascade: true, difficulty: 0.9 }).cascade).toBe(false);
  });
});
