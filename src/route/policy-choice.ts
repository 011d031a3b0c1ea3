import { chooseModel } from './calibration/choose-model.ts';
import type { PolicyFacts, RouteFacts } from './route-facts.ts';
import type { WeighedTier } from './weigh-tier.ts';

/**
 * Pure: the level that a policy asks for, whoever can answer.
 * @returns level 0 to the last one, and why
 */
export function wantedLevel({ policy, difficulty, tiers }: RouteFacts): {
  readonly level: number;
  readonly reason: string;
} {
  const last = tiers.length - 1;
  const nameOf = (level: number): string => tiers[level]?.tier ?? '';
  switch (policy.kind) {
    case 'fixed': {
      const level = Math.max(
        0,
        tiers.findIndex(({ tier }) => tier === policy.tier),
      );
      return { level, reason: `policy: always ${nameOf(level)}` };
    }
    case 'heuristic':
      return heuristicLevel(policy, last, nameOf);
    case 'classifier': {
      const { thresholds, source } = policy;
      if (difficulty === null) {
        return { level: last, reason: `${nameOf(last)}: there is no text to tell its difficulty from` };
      }
      const found = thresholds.findIndex((threshold) => difficulty < threshold);
      const level = Math.min(found < 0 ? last : found, last);
      const bound = found < 0 ? thresholds.at(-1) : thresholds[found];
      const side = found < 0 ? 'not below' : 'below';
      return {
        level,
        reason: `${nameOf(level)}: difficulty ${difficulty.toFixed(2)} (${source}) is ${side} ${(bound ?? 0).toFixed(2)}`,
      };
    }
    case 'calibrated':
      // Only where the profile knows none of the tiers that can answer.
      return {
        level: last,
        reason: `${nameOf(last)}: the profile ${policy.profile} knows none of the tiers`,
      };
  }
}

/** The guide's: `len < 50 and no complex keyword -> slm; a privacy word -> slm; else frontier`. */
function heuristicLevel(
  { characterCount, shortBelow, complexWord, privacyWord }: Extract<PolicyFacts, { kind: 'heuristic' }>,
  last: number,
  nameOf: (level: number) => string,
): { readonly level: number; readonly reason: string } {
  const isShort = characterCount < shortBelow;
  if (isShort && complexWord === null) {
    return {
      level: 0,
      reason: `${nameOf(0)}: ${String(characterCount)} characters are fewer than ${String(shortBelow)}, and no word says that it is hard`,
    };
  }
  if (privacyWord !== null)
    return { level: 0, reason: `${nameOf(0)}: a word of private matters, kept inside` };
  return {
    level: last,
    reason: isShort
      ? `${nameOf(last)}: a word says that it is hard`
      : `${nameOf(last)}: ${String(characterCount)} characters are not fewer than ${String(shortBelow)}`,
  };
}

/**
 * Pure: the candidate with the most of expected score less what its cost is worth.
 * @returns null where the profile knows none of them
 */
export function scoredChoice(
  { scores, costs, worth, profile }: Extract<PolicyFacts, { kind: 'calibrated' }>,
  candidates: readonly WeighedTier[],
  countsHealth: boolean,
): {
  readonly tier: WeighedTier;
  readonly reasons: readonly string[];
  readonly verdicts: ReadonlyMap<number, string>;
} | null {
  const verdicts = new Map<number, string>();
  const weighed = candidates.flatMap((tier) => {
    const { health, tier: name } = tier.facts;
    // Own properties only: the owner chooses the names of tiers.
    const score = Object.hasOwn(scores, name) ? scores[name] : undefined;
    const cost = Object.hasOwn(costs, name) ? costs[name] : undefined;
    if (score === undefined || cost === undefined) {
      verdicts.set(tier.level, `the profile ${profile} does not know it`);
      return [];
    }
    const quality = countsHealth ? score - health.penalty : score;
    verdicts.set(tier.level, `expected score ${quality.toFixed(2)}, less for what it costs`);
    return [{ name, tier, quality, cost }];
  });
  const best = chooseModel(weighed, worth);
  if (best === null) return null;
  const told = best.quality.toFixed(2);
  return {
    tier: best.tier,
    reasons: [`${best.name}: expected score ${told} by the profile ${profile}, the most for what it costs`],
    verdicts,
  };
}
