import type { LocalModels } from '../engine/local-models.ts';

/** Models that need no weights: of a proof, which asks thousands of times. */
export interface StandIn {
  readonly localModels: LocalModels;
  readonly modelIds: readonly string[];
}
