import { leaksOf } from '../privacy/paths.ts';
import type { SettingProblem } from './problem.ts';
import type { Settings } from './schema.ts';

/** Settings by which a tainted request could reach a remote: each with the path that would leak, one for each server. */
export function privacyProblems(settings: Settings, sources: ReadonlyMap<string, string>): SettingProblem[] {
  const seen = new Set<string>();
  const problems: SettingProblem[] = [];
  for (const { path, setting, message } of leaksOf(settings)) {
    const key = `${setting} ${path.address}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const top = setting.split(/[[.]/)[0] ?? setting;
    problems.push({ where: sources.get(setting) ?? sources.get(top) ?? 'default', setting, message });
  }
  const { keys, terms } = settings.privacy;
  for (const { name } of settings.keys) {
    if (!Object.hasOwn(keys, name) || settings.keys.find((key) => key.name === name)?.privacy === null)
      continue;
    const message = `${name} has a mode here and in its own entry of keys (privacy); expected one of them`;
    problems.push({ where: sources.get('privacy.keys') ?? 'default', setting: 'privacy.keys', message });
  }
  const names = terms.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    const message = 'two terms have the same name';
    problems.push({ where: sources.get('privacy.terms') ?? 'default', setting: 'privacy.terms', message });
  }
  return problems;
}
