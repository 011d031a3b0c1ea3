import type { RouteDecision } from './resolve-model-name.ts';

/**
 * The fallbacks of a model, by the name that was asked, else by what that is an alias of, else by its id; each once, and none of
 * them itself.
 * @param steps the name that was asked and each that it stands for
 */
export async function chainOf(
  modelId: string,
  steps: readonly string[],
  fallbacks: Readonly<Record<string, readonly string[]>>,
  resolve: (name: string) => Promise<Pick<RouteDecision, 'modelId'>>,
): Promise<readonly string[]> {
  // Own properties only: clients send names.
  const named = [...steps, modelId].find((name) => Object.hasOwn(fallbacks, name));
  if (named === undefined) return [];
  const names = fallbacks[named] ?? [];
  const ids = await Promise.all(names.map(async (name) => (await resolve(name)).modelId));
  return [...new Set(ids)].filter((id) => id !== modelId);
}
