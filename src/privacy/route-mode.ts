import type { RouteMode } from './verdict.ts';

export interface RouteModes {
  readonly mode: RouteMode;
  /** By the names that clients ask for. */
  readonly modes: Readonly<Record<string, RouteMode>>;
}

/** Pure: the mode of the name that was asked for, else of what it stands for, the nearest first; else the mode of all. */
export function modeFor(
  requestedModel: string,
  { mode, modes }: RouteModes,
  aliases: Readonly<Record<string, string>>,
): RouteMode {
  const visited = new Set<string>();
  // Own properties only: clients send names.
  for (let name: string | undefined = requestedModel; name !== undefined && !visited.has(name);) {
    const own = Object.hasOwn(modes, name) ? modes[name] : undefined;
    if (own !== undefined) return own;
    visited.add(name);
    name = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  }
  return mode;
}
