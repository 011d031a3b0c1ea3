import { parseReference } from '../models/reference.ts';
import type { SettingProblem } from './problem.ts';
import type { Settings } from './schema.ts';

/** An adapter's name must mean it and nothing else. */
export function adapterProblems(settings: Settings, sources: ReadonlyMap<string, string>): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const add = (setting: string, source: string, message: string): void => {
    problems.push({ where: sources.get(source) ?? 'default', setting, message });
  };
  for (const [name, { reference }] of Object.entries(settings.adapters)) {
    const setting = `adapters.${name}`;
    if (name === 'auto' || name === 'near') add(setting, 'adapters', `\`${name}\` stands for a model`);
    if (Object.hasOwn(settings.aliases, name)) add(setting, 'adapters', 'an alias has the same name');
    if (settings.near === name) {
      add('near', 'near', `${name} is an adapter; \`near\` is a model, and aliases may stand for adapters`);
    }
    try {
      parseReference(reference);
    } catch (thrown) {
      add(`${setting}.reference`, 'adapters', thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  return problems;
}
