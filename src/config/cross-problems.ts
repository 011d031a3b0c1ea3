import { adapterProblems } from './adapter-problems.ts';
import { privacyProblems } from './privacy-problems.ts';
import { groupProblems } from './group-settings.ts';
import type { SettingProblem } from './problem.ts';
import { routeProblems } from './route-problems.ts';
import type { Settings } from './schema.ts';
import { semanticCacheProblems } from './semantic-cache-problems.ts';
import { upstreamProblems } from './upstream-problems.ts';

/** Settings that are right one by one and wrong together. */
export function crossProblems(
  settings: Settings,
  sources: ReadonlyMap<string, string>,
  isLoopback: boolean,
): SettingProblem[] {
  const problems: SettingProblem[] = [];
  if (!isLoopback && settings.keys.length === 0 && !settings.requireKeys) {
    problems.push({
      where: sources.get('host') ?? 'default',
      setting: 'host',
      message:
        `${settings.host} can be reached from other machines, and there is no key: anyone could use and delete` +
        ' models. Add one under `keys`, set `requireKeys: true` and make one with `nearfar keys create`, or listen on' +
        ' 127.0.0.1. See docs/keys.md.',
    });
  }
  const seen = new Set<string>();
  for (const key of settings.keys) {
    if (seen.has(key.name)) {
      const message = `two keys are called ${key.name}`;
      problems.push({ where: sources.get('keys') ?? 'default', setting: 'keys', message });
    }
    seen.add(key.name);
  }
  problems.push(
    ...adapterProblems(settings, sources),
    ...semanticCacheProblems(settings, sources),
    ...routeProblems(settings, sources),
    ...groupProblems(settings, sources),
    ...upstreamProblems(settings, sources),
    ...privacyProblems(settings, sources),
  );
  return problems;
}
