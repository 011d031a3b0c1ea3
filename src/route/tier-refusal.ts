import type { Alternative, TierRefusal } from './route-facts.ts';
import type { ExclusionKind, WeighedTier } from './weigh-tier.ts';

/** Pure: what is said where no tier can answer. */
export function tierRefusal(weighed: readonly WeighedTier[], staysInside: boolean): TierRefusal {
  const alternatives = weighed.map((one): Alternative => ({
    tier: one.facts.tier,
    modelId: one.facts.modelId,
    whyNot: one.exclusion?.reason ?? 'it cannot answer',
    isCandidate: false,
    cost: one.cost,
  }));
  const list = alternatives.map(({ tier, whyNot }) => `${tier}: ${whyNot}`).join('; ');
  const within = weighed.filter(({ exclusion }) => exclusion?.kind !== 'outside');
  const pauses = within.flatMap(({ facts: { rest } }) =>
    rest?.pauseMs === null || rest === null ? [] : [rest.pauseMs],
  );
  const kind = refusalKind(
    within.map(({ exclusion }) => exclusion?.kind),
    staysInside,
  );
  return {
    type: 'refused',
    kind,
    reason: staysInside
      ? `This request must stay inside the boundary, and no tier there can answer it (${list}).`
      : `No tier can answer this request (${list || 'there is none'}).`,
    retryAfterSeconds:
      kind !== 'unavailable'
        ? null
        : pauses.length === 0
          ? 5
          : Math.max(1, Math.ceil(Math.min(...pauses) / 1000)),
    alternatives,
  };
}

/** The kind that a client can do most about: wait, pay, ask for less, ask for something else. */
function refusalKind(
  kinds: readonly (ExclusionKind | undefined)[],
  staysInside: boolean,
): TierRefusal['kind'] {
  const has = (kind: ExclusionKind): boolean => kinds.includes(kind);
  if (has('resting')) return 'unavailable';
  if (has('budget')) return 'budget_exhausted';
  if (has('context')) return 'context_overflow';
  if (has('incapable')) return 'unsupported';
  if (has('forbidden')) return 'forbidden';
  return staysInside ? 'unavailable' : 'model_not_found';
}
