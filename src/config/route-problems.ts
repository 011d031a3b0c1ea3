import type { SettingProblem } from './problem.ts';
import { policyNames } from './route-schema.ts';
import type { Settings } from './schema.ts';

/** Settings of the route that are right one by one and wrong together. */
export function routeProblems(
  { route, mid }: Pick<Settings, 'route' | 'mid'>,
  sources: ReadonlyMap<string, string>,
): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const problem = (setting: string, message: string): void => {
    problems.push({ where: sources.get(setting) ?? 'default', setting, message });
  };
  const { policy, tiers, thresholds, profile } = route;
  const named = (tiers ?? []).map((tier) => tier.name);
  const known = tiers === null ? ['near', 'mid', 'far'] : named;
  if (new Set(named).size < named.length) problem('route.tiers', 'two tiers have the same name');
  if (tiers?.length === 0) problem('route.tiers', 'expected at least one tier, or null');
  for (const tier of tiers ?? []) {
    if (['near', 'mid', 'far'].includes(tier.name) && tier.model !== tier.name) {
      problem(
        'route.tiers',
        `which model ${tier.name} is, the setting \`${tier.name}\` says; expected no model here`,
      );
    }
    if (tier.model === 'auto')
      problem('route.tiers', `${tier.name}: auto is the router itself, and no tier of it`);
    if (tier.name === 'mid' && mid === null)
      problem('route.tiers', 'mid is a tier, and the setting `mid` names no model');
  }
  if (policy !== null && !(policyNames as readonly string[]).includes(policy) && !known.includes(policy)) {
    problem(
      'route.policy',
      `expected ${[...policyNames, ...known].join(', ')}, got ${JSON.stringify(policy)}`,
    );
  }
  if (policy === 'mid' && tiers === null && mid === null)
    problem('route.policy', 'mid names no model: set `mid`');
  if (thresholds.some((threshold, at) => threshold < (thresholds[at - 1] ?? 0))) {
    problem('route.thresholds', 'expected each to be at least the one before');
  }
  if (
    tiers !== null &&
    (policy === 'classifier' || policy === null) &&
    tiers.length - 1 > thresholds.length
  ) {
    problem(
      'route.thresholds',
      `${String(tiers.length)} tiers need ${String(tiers.length - 1)} thresholds, got ${String(thresholds.length)}`,
    );
  }
  if (policy === 'calibrated' && profile === null) {
    problem(
      'route.profile',
      'the policy calibrated needs a profile: make one with `nearfar calibrate`, and name it here',
    );
  }
  return problems;
}
