import { decide } from './decide.ts';
import type {
  PolicyFacts,
  RequestFacts,
  RouteFacts,
  TierDecision,
  TierFacts,
  TierRefusal,
} from './route-facts.ts';

/** Test doubles: tiers, prices and facts of a decision. */

export const price = (input: number, output: number) => ({
  currency: 'USD',
  promptMicrosPerMillion: input * 1_000_000,
  cachedMicrosPerMillion: input * 100_000,
  completionMicrosPerMillion: output * 1_000_000,
});

export function tierOf(tier: string, changes: Partial<TierFacts> = {}): TierFacts {
  return {
    tier,
    modelId: tier === 'near' ? 'tiny' : `open/${tier}`,
    boundary: tier === 'near' ? 'machine' : 'outside',
    absence: null,
    rest: null,
    isAllowed: true,
    can: { contextTokenCount: 8192, tools: true, media: true, schema: true, tokens: false },
    price: null,
    held: { tokenCount: 0, keptTokenCount: 0, odds: 0 },
    answers: null,
    speed: null,
    health: { penalty: 0, reason: null },
    ...changes,
  };
}

export const near = tierOf('near');
export const mid = tierOf('mid', { price: price(1, 4) });
export const far = tierOf('far', { price: price(10, 40) });

export const request: RequestFacts = {
  promptTokenCount: 100,
  maxTokenCount: null,
  choiceCount: 1,
  needs: { tools: false, media: false, schema: false, tokens: false },
  fitsAnyContext: false,
  priority: 'default',
  firstTokenMs: null,
  leftMs: null,
};

const classifier: PolicyFacts = { kind: 'classifier', thresholds: [0.3, 0.7], source: 'the shipped model' };

export function factsOf(changes: Partial<RouteFacts> = {}): RouteFacts {
  return {
    request,
    label: 'open',
    mayLeave: true,
    difficulty: 0.1,
    task: 'simple_qa',
    tiers: [near, mid, far],
    policy: classifier,
    budgetLeftMicros: null,
    boundModelId: null,
    cascade: false,
    ...changes,
  };
}

export function chosen(changes: Partial<RouteFacts> = {}): TierDecision {
  const decision = decide(factsOf(changes));
  if (decision.type === 'refused') throw new Error(decision.reason);
  return decision;
}

export function refused(changes: Partial<RouteFacts> = {}): TierRefusal {
  const decision = decide(factsOf(changes));
  if (decision.type === 'chosen') throw new Error(`${decision.tier} was chosen`);
  return decision;
}
