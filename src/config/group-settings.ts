import type { SettingProblem } from './problem.ts';
import type { Settings } from './schema.ts';

type Grouped = Pick<Settings, 'groups' | 'aliases' | 'fallbacks'>;

/**
 * Pure: wherever names alone decide, a group's name is an alias of its first model, and the others are its fallbacks, before those
 * that the owner lists for it. So
 * listings, boundaries and the proof of privacy know every model that a group may lead to.
 */
export function withGroups<Given extends Grouped>(settings: Given): Given {
  const groups = Object.entries(settings.groups);
  if (groups.length === 0) return settings;
  const first = groups.flatMap(([name, [id]]) => (id === undefined ? [] : [[name, id] as const]));
  return {
    ...settings,
    aliases: { ...Object.fromEntries(first), ...settings.aliases },
    fallbacks: {
      ...settings.fallbacks,
      ...Object.fromEntries(
        groups.map(([name, ids]) => [name, [...ids.slice(1), ...ownFallbacks(settings, name)]]),
      ),
    },
  };
}

function ownFallbacks({ fallbacks }: Grouped, name: string): readonly string[] {
  return Object.hasOwn(fallbacks, name) ? (fallbacks[name] ?? []) : [];
}

/** What a group may not be called or hold. Looked at before `withGroups`. */
export function groupProblems(
  { groups, aliases }: Pick<Grouped, 'groups' | 'aliases'>,
  sources: ReadonlyMap<string, string>,
): SettingProblem[] {
  const where = sources.get('groups') ?? 'default';
  return Object.entries(groups).flatMap(([name, ids]) => {
    const messages = [
      ...(['auto', 'near', 'far'].includes(name) ? ['this name has a meaning already'] : []),
      ...(Object.hasOwn(aliases, name) ? ['an alias has the same name'] : []),
      ...(new Set(ids).size < ids.length ? ['it holds a model twice'] : []),
      ...ids.flatMap((id) =>
        id === 'auto' || Object.hasOwn(groups, id)
          ? [`${id} is no model, and a group holds models only`]
          : [],
      ),
    ];
    return messages.map((message) => ({ where, setting: 'groups', message: `${name}: ${message}` }));
  });
}
