/** A tier and the id of its model. */
export interface NamedTier {
  readonly tier: string;
  readonly modelId: string;
}

/** Pure: by what a profile may know a tier: its own name, the id of its model, and that without the upstream. */
export function namesOfTier({ tier, modelId }: NamedTier): readonly string[] {
  return [tier, modelId, modelId.slice(modelId.indexOf('/') + 1)];
}

/** Pure: those of the tiers that are among the names of a profile. */
export function knownTiers<Tier extends NamedTier>(
  tiers: readonly Tier[],
  profileNames: readonly string[],
): readonly Tier[] {
  return tiers.filter((tier) => namesOfTier(tier).some((name) => profileNames.includes(name)));
}
