import type { SettingProblem } from './problem.ts';
import type { Settings } from './schema.ts';

type UpstreamSettings = Pick<Settings, 'upstreams' | 'far' | 'keys' | 'fallbacks' | 'groups'>;

/** Upstreams that are right one by one and wrong beside the other settings. */
export function upstreamProblems(
  { upstreams, far, keys, fallbacks, groups }: UpstreamSettings,
  sources: ReadonlyMap<string, string>,
): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const where = sources.get('upstreams') ?? 'default';
  const seen = new Set<string>();
  const hasFallbacks = Object.keys(fallbacks).length + Object.keys(groups).length > 0;
  for (const { name, forwardClientKey, hedge, replicas } of upstreams) {
    if (seen.has(name)) problems.push({ where, setting: 'upstreams', message: `two are called ${name}` });
    seen.add(name);
    if (hedge !== 'off' && replicas.length === 0 && !hasFallbacks) {
      const message = `${name} has \`hedge\`, but nobody to ask a second time: no \`replicas\`, and there are no \`fallbacks\``;
      problems.push({ where, setting: 'upstreams', message });
    }
    if (forwardClientKey && keys.length > 0) {
      const message =
        `${name} is to get the clients' own keys, but with \`keys\` set these are keys of this gateway,` +
        ' which no other server may see';
      problems.push({ where, setting: 'upstreams', message });
    }
  }
  if (far === null) return problems;
  const known = upstreams.flatMap(({ name, models }) => models.map((model) => `${name}/${model.name}`));
  const isKnown =
    upstreams.some(({ name }) => far.startsWith(`${name}/`) && far.length > name.length + 1) ||
    known.filter((id) => id.slice(id.indexOf('/') + 1) === far).length === 1;
  if (!isKnown) {
    const there = known.length === 0 ? 'there is no upstream' : `there are ${known.join(', ')}`;
    problems.push({
      where: sources.get('far') ?? 'default',
      setting: 'far',
      message: `${far} is no model of an upstream; ${there}`,
    });
  }
  return problems;
}
