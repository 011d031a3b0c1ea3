import type { RouteDecision } from './resolve-model-name.ts';

/** The fallbacks of a model, by its id or by the name that was asked; each once, and none of them itself. */
export async function chainOf(
  modelId: string,
  requested: string,
  fallbacks: Readonly<Record<string, readonly string[]>>,
  resolve: (name: string) => Promise<Pick<RouteDecision, 'modelId'>>,
): Promise<readonly string[]> {
  const names = [requested, modelId].flatMap((name) =>
    // Own properties only: clients send names.
    Object.hasOwn(fallbacks, name) ? [fallbacks[name] ?? []] : [],
  )[0];
  if (names === undefined) return [];
  const ids = await Promise.all(names.map(async (name) => (await resolve(name)).modelId));
  return [...new Set(ids)].filter((id) => id !== modelId);
}
