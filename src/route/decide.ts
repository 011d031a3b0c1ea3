import { scoredChoice, wantedLevel } from './policy-choice.ts';
import type { Alternative, RouteFacts, TierDecision, TierRefusal } from './route-facts.ts';
import { tierRefusal } from './tier-refusal.ts';
import { weighTier, type WeighedTier } from './weigh-tier.ts';

/**
 * Pure and total: which tier answers. A tier that lacks what the request needs, that the label forbids, that the key may not
 * ask or cannot pay for, or that is down is no candidate, whatever the policy says. Among the candidates the policy's own is
 * taken, else the next above it, else the next below. A dearer price never brings a tier more requests.
 */
export function decide(facts: RouteFacts): TierDecision | TierRefusal {
  const staysInside = !facts.mayLeave || isPrivateByHeuristic(facts);
  const weighed = facts.tiers.map((tier, level) => weighTier(tier, level, facts, staysInside));
  const candidates = weighed.filter(({ exclusion }) => exclusion === null);
  const chosen = choose(facts, weighed, candidates, true);
  if (chosen === null) return tierRefusal(weighed, staysInside);
  const { tier, reasons } = chosen;
  const healthy = candidates.some(({ facts: { health } }) => health.penalty > 0)
    ? choose(facts, weighed, candidates, false)
    : null;
  const healthyTier = healthy?.tier.facts.tier ?? tier.facts.tier;
  const rest = fallbackOrder(candidates, tier);
  const fallbackIds = [...new Set(rest.map(({ facts: { modelId } }) => modelId))].filter(
    (id) => id !== tier.facts.modelId,
  );
  const cascade =
    facts.cascade && tier.facts.boundary === 'machine' && rest[0] !== undefined && rest[0].level > tier.level;
  return {
    type: 'chosen',
    tier: tier.facts.tier,
    modelId: tier.facts.modelId,
    fallbackIds,
    policy: facts.policy.kind,
    difficulty: facts.difficulty,
    task: facts.task,
    label: facts.label,
    reasons: [...labelReasons(facts), ...reasons],
    cost: tier.cost,
    alternatives: weighed.filter((one) => one !== tier).map((one) => alternativeOf(one, chosen)),
    cascade,
    ...(healthyTier === tier.facts.tier ? {} : { healthyTier }),
  };
}

interface Chosen {
  readonly tier: WeighedTier;
  readonly reasons: readonly string[];
  /** By level: the policy's word on tiers that could answer. */
  readonly verdicts: ReadonlyMap<number, string>;
}

function choose(
  facts: RouteFacts,
  weighed: readonly WeighedTier[],
  candidates: readonly WeighedTier[],
  countsHealth: boolean,
): Chosen | null {
  if (candidates.length === 0) return null;
  const bound = candidates.find(({ facts: { modelId } }) => modelId === facts.boundModelId);
  if (bound !== undefined) {
    return { tier: bound, reasons: [`${bound.facts.tier}: it made the tool calls`], verdicts: new Map() };
  }
  // What is too late for everyone excludes nobody.
  const timely = candidates.filter(({ slowness }) => slowness === null);
  const inTime = timely.length === 0 ? candidates : timely;
  const { policy } = facts;
  if (policy.kind === 'calibrated') {
    const scored = scoredChoice(policy, inTime, countsHealth);
    if (scored !== null) return scored;
  }
  const wanted = wantedLevel(facts);
  const reasons = [wanted.reason];
  const own = weighed[wanted.level];
  const healthyOnes = countsHealth ? inTime.filter(({ facts: { health } }) => health.penalty <= 0) : inTime;
  let tier = nearestTo(wanted.level, inTime);
  if (tier === undefined) return null;
  if (own !== undefined && tier !== own) {
    reasons.push(`${own.facts.tier} is not asked: ${own.exclusion?.reason ?? own.slowness ?? 'another can'}`);
  }
  if (countsHealth && tier.facts.health.penalty > 0) {
    const above = healthyOnes.find(({ level }) => level > (tier?.level ?? 0));
    if (above !== undefined) {
      reasons.push(
        `${tier.facts.tier} is passed over: ${tier.facts.health.reason ?? 'its answers got worse'}`,
      );
      tier = above;
    }
  }
  if (policy.kind !== 'fixed') {
    const cheaper = cheaperAbove(tier, healthyOnes);
    if (cheaper !== null) {
      reasons.push(`${cheaper.facts.tier} is farther and expected to cost less than ${tier.facts.tier} now`);
      tier = cheaper;
    }
  }
  return { tier, reasons, verdicts: new Map() };
}

/** A tier that is more able and expected to cost less, such as one whose provider holds the session's prompt. */
function cheaperAbove(tier: WeighedTier, candidates: readonly WeighedTier[]): WeighedTier | null {
  let best: WeighedTier | null = null;
  for (const one of candidates) {
    if (one.level <= tier.level || one.cost.micros === null || tier.cost.micros === null) continue;
    if (one.cost.micros < (best?.cost.micros ?? tier.cost.micros)) best = one;
  }
  return best;
}

/** The level itself, else the next above it, else the next below. */
function nearestTo(wanted: number, candidates: readonly WeighedTier[]): WeighedTier | undefined {
  return (
    candidates.find(({ level }) => level >= wanted) ?? candidates.findLast(({ level }) => level < wanted)
  );
}

/** First the more able ones, from the next; then the less able ones, from the next. */
function fallbackOrder(candidates: readonly WeighedTier[], chosen: WeighedTier): readonly WeighedTier[] {
  const above = candidates.filter(({ level }) => level > chosen.level);
  const below = candidates.filter(({ level }) => level < chosen.level).toReversed();
  return [...above, ...below];
}

function isPrivateByHeuristic({ policy }: RouteFacts): boolean {
  return policy.kind === 'heuristic' && policy.privacyWord !== null;
}

function labelReasons({ label, mayLeave }: RouteFacts): readonly string[] {
  if (label === 'open') return [];
  return [mayLeave ? 'local_only: redacted where it leaves' : 'local_only: inside only'];
}

function alternativeOf(one: WeighedTier, { tier: chosen, verdicts }: Chosen): Alternative {
  const { facts, exclusion, slowness, cost } = one;
  const whyNot =
    exclusion?.reason ??
    slowness ??
    verdicts.get(one.level) ??
    (one.level > chosen.level ? 'not needed' : 'not enough');
  return {
    tier: facts.tier,
    modelId: facts.modelId,
    whyNot,
    isCandidate: exclusion === null,
    cost,
  };
}
