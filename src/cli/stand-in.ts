import type { ModelGrade } from '../chat/part.ts';
import type { LocalModels } from '../engine/local-models.ts';
import type { ModelIndex } from './model-index.ts';

/** Models that need no weights: of a proof, which asks thousands of times. */
export interface StandIn {
  readonly localModels: LocalModels;
  readonly modelIds: readonly string[];
  readonly grade: ModelGrade;
}

/** What is here, with the models that stand in. */
export function withStandIn(
  index: Pick<ModelIndex, 'known' | 'gradeOf'>,
  standIn: StandIn | null,
): Pick<ModelIndex, 'known' | 'gradeOf'> {
  if (standIn === null) return index;
  const { modelIds, grade } = standIn;
  return {
    known: () => [...new Set([...index.known(), ...modelIds])],
    gradeOf: (id) => (modelIds.includes(id) ? grade : index.gradeOf(id)),
  };
}
