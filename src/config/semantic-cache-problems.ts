import type { SettingProblem } from './problem.ts';
import type { Settings } from './schema.ts';

/** The semantic cache gives the answers that the exact one keeps. */
export function semanticCacheProblems(
  { cache }: Pick<Settings, 'cache'>,
  sources: ReadonlyMap<string, string>,
): SettingProblem[] {
  if (cache.semantic === null || cache.exact) return [];
  const message = 'gives answers that cache.exact keeps, which is off: expected cache.exact: true';
  return [{ where: sources.get('cache.semantic') ?? 'default', setting: 'cache.semantic', message }];
}
