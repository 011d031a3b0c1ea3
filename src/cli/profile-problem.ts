import { knownTiers, type NamedTier } from '../route/tier-names.ts';

interface ProfileModel {
  readonly name: string;
  /** Mean cost of a prompt. */
  readonly cost: number;
}

/** Pure: why a profile cannot decide among these tiers, and what to do; null where it knows one of them. */
export function profileProblem(
  profile: string,
  models: readonly ProfileModel[],
  tiers: readonly NamedTier[],
): string | null {
  const names = models.toSorted((a, b) => a.cost - b.cost).map(({ name }) => name);
  if (knownTiers(tiers, names).length > 0) return null;
  const shown = tiers.map(({ tier, modelId }) => (tier === modelId ? tier : `${tier} (${modelId})`));
  const pairs = names.flatMap((name, at) => {
    // The dearest is likely the last tier.
    const tier = at === names.length - 1 ? tiers.at(-1) : tiers[at];
    return tier === undefined ? [] : [`${tier.tier}=${name}`];
  });
  return (
    `the profile "${profile}" is about ${names.join(', ')}, and none of the tiers is one of them: ${shown.join(', ')}. ` +
    `Say which is which, e.g. nearfar calibrate --models ${pairs.join(',')}`
  );
}
