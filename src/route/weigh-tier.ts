import { expectedAnswerTokenCount, expectedCost } from './expected-cost.ts';
import type { ExpectedCost, RouteFacts, TierFacts } from './route-facts.ts';

/** Why a tier is no candidate, from the most final to the least. */
export type ExclusionKind =
  'absent' | 'forbidden' | 'outside' | 'incapable' | 'context' | 'budget' | 'resting';

/** A tier with what this request makes of it. */
export interface WeighedTier {
  readonly facts: TierFacts;
  /** Its place among the tiers, 0 the nearest. */
  readonly level: number;
  readonly cost: ExpectedCost;
  readonly exclusion: { readonly kind: ExclusionKind; readonly reason: string } | null;
  /** Why it is expected to be too late; null: it is not. */
  readonly slowness: string | null;
}

/** Pure: whether a tier can answer, what that is expected to cost, and whether in time. */
export function weighTier(
  tier: TierFacts,
  level: number,
  facts: RouteFacts,
  staysInside: boolean,
): WeighedTier {
  const cost = expectedCost(facts.request, tier);
  return {
    facts: tier,
    level,
    cost,
    exclusion: exclusionOf(tier, facts, cost, staysInside),
    slowness: slownessOf(tier, facts),
  };
}

function exclusionOf(
  tier: TierFacts,
  { request, budgetLeftMicros }: RouteFacts,
  cost: ExpectedCost,
  staysInside: boolean,
): WeighedTier['exclusion'] {
  const { needs } = request;
  const { can } = tier;
  const no = (kind: ExclusionKind, reason: string) => ({ kind, reason });
  if (staysInside && tier.boundary === 'outside') return no('outside', 'it is outside the boundary');
  if (tier.absence !== null) return no('absent', tier.absence);
  if (!tier.isAllowed) return no('forbidden', 'the key may not ask it');
  if (needs.tools && !can.tools) return no('incapable', 'it takes no tools');
  if (needs.media && !can.media) return no('incapable', 'it reads text only');
  if (needs.schema && !can.schema) return no('incapable', 'it keeps to no schema');
  if (needs.tokens && !can.tokens) return no('incapable', 'it takes no ids of tokens');
  const { contextTokenCount } = can;
  if (
    !request.fitsAnyContext &&
    contextTokenCount !== null &&
    request.promptTokenCount >= contextTokenCount
  ) {
    return no(
      'context',
      `about ${String(request.promptTokenCount)} tokens do not fit its context of ${String(contextTokenCount)}`,
    );
  }
  if (budgetLeftMicros !== null && (cost.micros ?? Infinity) > budgetLeftMicros) {
    return no('budget', 'the budget of the key does not pay for it');
  }
  if (tier.rest !== null) return no('resting', tier.rest.reason);
  return null;
}

function slownessOf(tier: TierFacts, { request }: RouteFacts): string | null {
  const { speed } = tier;
  if (speed === null) return null;
  if (request.firstTokenMs !== null && speed.firstTokenMs > request.firstTokenMs) {
    return `its first token takes ${speed.firstTokenMs.toFixed(0)} ms, measured`;
  }
  const wholeMs = speed.firstTokenMs + speed.msPerToken * expectedAnswerTokenCount(request, tier);
  if (request.leftMs !== null && wholeMs > request.leftMs) {
    return `its answer is expected to take ${wholeMs.toFixed(0)} ms and ${request.leftMs.toFixed(0)} are left`;
  }
  return null;
}
