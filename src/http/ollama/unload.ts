import type { AppDependencies } from '../dependencies.ts';

/** Ollama's clients unload what is not there, too. Waits for answers under way. */
export async function unloadIfRunning(
  { localModels }: Pick<AppDependencies, 'localModels'>,
  id: string,
): Promise<void> {
  if (localModels.running().some((model) => model.id === id)) await localModels.unload(id);
}
