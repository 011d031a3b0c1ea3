import type { Evaluation } from '../evaluate/evaluation-files.ts';
import type { ExpectedCost } from '../route/route-facts.ts';
import { dollars } from './dollars.ts';
import type { DryDecision, DryRouting } from './dry-routing.ts';
import { renderTable } from './table.ts';

/** One prompt's decision with all that a reader should know of it. */
export interface Explained extends DryDecision {
  /** What `nearfar eval` measured, newest first. */
  readonly evaluations: readonly Evaluation[];
  readonly routing: Pick<DryRouting, 'hasFar'>;
  readonly policy: string;
}

/** For a person. Costs say that they are estimates, and from what. */
export function explainText({ facts, decision, spans, routing, evaluations }: Explained): string {
  const { request, difficulty, task, label, tiers, policy } = facts;
  const found = [...new Set(spans.map(({ type }) => type))];
  const needs = Object.entries(request.needs).flatMap(([name, isNeeded]) => (isNeeded ? [name] : []));
  const isChosen = decision.type === 'chosen';
  const rows = tiers.map((tier) => {
    const other = decision.alternatives.find((one) => one.tier === tier.tier);
    const cost = other?.cost ?? (isChosen ? decision.cost : null);
    return [tier.tier, tier.modelId, tier.boundary, costWords(cost), other?.whyNot ?? 'answers'];
  });
  return [
    isChosen ? `${decision.tier} answers: ${decision.modelId}` : `No tier answers: ${decision.reason}`,
    '',
    `difficulty  ${difficulty === null ? 'not known' : difficulty.toFixed(3)}`,
    `task        ${task ?? 'not known'}`,
    `label       ${label}${found.length === 0 ? '' : ` (found: ${found.join(', ')})`}`,
    `policy      ${policyWords(policy)}`,
    `prompt      about ${String(request.promptTokenCount)} tokens (4 bytes each)${needs.length === 0 ? '' : `; needs ${needs.join(', ')}`}`,
    '',
    ...(isChosen ? ['Reasons', ...decision.reasons.map((reason) => `  ${reason}`), ''] : []),
    renderTable(['TIER', 'MODEL', 'BOUNDARY', 'COST*', 'WHY NOT'], rows),
    ...basisLines(
      tiers.map(({ tier }) => tier),
      decision,
    ),
    ...measuredLines(facts, evaluations),
    ...(routing.hasFar ? [] : ['No upstream is set up: mid and far stand for any, as the guide has them.']),
    '',
  ].join('\n');
}

interface Measured {
  readonly tier: string;
  readonly modelId: string;
  readonly accuracy: number;
  readonly interval: readonly [number, number];
  readonly count: number;
  readonly date: string;
}

/** What was measured of the tiers' models on the task of the prompt. */
function measuredOn(
  { task, tiers }: Explained['facts'],
  evaluations: Explained['evaluations'],
): readonly Measured[] {
  return tiers.flatMap(({ tier, modelId }) => {
    const found = evaluations.find((one) => one.modelId === modelId)?.tasks.find((one) => one.task === task);
    if (found === undefined) return [];
    const { accuracy, interval, count, date } = found;
    return [{ tier, modelId, accuracy, interval, count, date }];
  });
}

function measuredLines(facts: Explained['facts'], evaluations: Explained['evaluations']): readonly string[] {
  const { task, tiers } = facts;
  if (task === null || task === 'other') return [];
  const measured = measuredOn(facts, evaluations);
  const percent = (share: number): string => (100 * share).toFixed(0);
  const missing = tiers.filter(({ tier }) => !measured.some((one) => one.tier === tier));
  return [
    '',
    `Measured by nearfar eval on ${task}:${measured.length === 0 ? ' nothing yet' : ''}`,
    ...measured.map(
      ({ tier, modelId, accuracy, interval: [low, high], count, date }) =>
        `  ${tier}: ${percent(accuracy)}% right (95% interval ${percent(low)} to ${percent(high)}), ${String(count)} items, ${modelId}, ${date.slice(0, 10)}`,
    ),
    ...(missing.length === 0
      ? []
      : [
          `  not measured: ${missing.map(({ tier }) => tier).join(', ')} (nearfar eval ${missing[0]?.tier ?? 'MODEL'})`,
        ]),
  ];
}

/** Each basis once, with the tiers that it holds for. */
function basisLines(order: readonly string[], decision: Explained['decision']): readonly string[] {
  const costs = new Map(decision.alternatives.map(({ tier, cost }) => [tier, cost]));
  if (decision.type === 'chosen') costs.set(decision.tier, decision.cost);
  const byBasis = new Map<string, string[]>();
  for (const tier of order) {
    const basis = costs.get(tier)?.basis;
    if (basis !== undefined) byBasis.set(basis, [...(byBasis.get(basis) ?? []), tier]);
  }
  return [...byBasis].map(([basis, tiers]) => `* ${tiers.join(', ')}: ${basis}.`);
}

function costWords(cost: ExpectedCost | null): string {
  return cost?.micros === null || cost === null ? 'not known' : dollars(cost.micros);
}

function policyWords(policy: Explained['facts']['policy']): string {
  switch (policy.kind) {
    case 'fixed':
      return `always ${policy.tier}`;
    case 'heuristic':
      return `heuristic: ${String(policy.characterCount)} characters (short below ${String(policy.shortBelow)}), word of hard prompts: ${policy.complexWord ?? 'none'}, of private ones: ${policy.privacyWord ?? 'none'}`;
    case 'classifier':
      return `classifier: difficulty ${policy.source}, thresholds ${policy.thresholds.join(', ')}`;
    case 'calibrated':
      return `calibrated: profile ${policy.profile}; expected ${Object.entries(policy.scores)
        .map(([tier, score]) => `${tier} ${score.toFixed(2)}`)
        .join(', ')}`;
  }
}

/** For programs. */
export function explainJson({ facts, decision, spans, policy, evaluations }: Explained): object {
  const { request, difficulty, task, label, tiers } = facts;
  return {
    tier: decision.type === 'chosen' ? decision.tier : null,
    model: decision.type === 'chosen' ? decision.modelId : null,
    difficulty,
    task,
    label,
    found: [...new Set(spans.map(({ type }) => type))],
    policy: { name: policy, ...facts.policy },
    promptTokens: request.promptTokenCount,
    needs: request.needs,
    reasons: decision.type === 'chosen' ? decision.reasons : [decision.reason],
    cascade: decision.type === 'chosen' && decision.cascade,
    measured: measuredOn(facts, evaluations),
    tiers: tiers.map(({ tier, modelId, boundary }) => {
      const other = decision.alternatives.find((one) => one.tier === tier);
      const cost = other?.cost ?? (decision.type === 'chosen' ? decision.cost : null);
      return {
        tier,
        model: modelId,
        boundary,
        whyNot: other?.whyNot ?? null,
        expectedUsd: cost?.micros === null || cost === null ? null : cost.micros / 1_000_000,
        basis: cost?.basis ?? null,
      };
    }),
  };
}
