import type { LocalModels } from '../engine/local-models.ts';
import type { Readiness } from '../http/dependencies.ts';

/** Ready once the preloaded model is in memory; where nothing was preloaded, once there is a model on disk. */
export function readiness(localModels: LocalModels, knownIds: readonly string[]): Readiness {
  const running = localModels.running();
  if (running.some((model) => model.state === 'ready')) return { ready: true, reason: null };
  const [first] = running;
  if (first?.state === 'loading') return { ready: false, reason: `${first.id} is being loaded.` };
  if (first?.state === 'restarting') return { ready: false, reason: 'The engine is being started again.' };
  if (knownIds.length === 0) return { ready: false, reason: 'No model is on this machine yet.' };
  return { ready: true, reason: null };
}
