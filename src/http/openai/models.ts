import type { ListedModel } from '../listed-models.ts';
import { unixSeconds } from './chat-response.ts';

/** One entry of /v1/models. `grade` and what follows are nearfar's own. */
export function openaiModel(entry: ListedModel): object {
  return {
    id: entry.name,
    object: 'model',
    created: unixSeconds(entry.facts.createdAt),
    owned_by: entry.facts.upstream ?? 'nearfar',
    grade: entry.facts.grade,
    license: entry.facts.license,
    context_length: entry.facts.contextTokenCount,
    answered_by: entry.facts.id,
    // As vLLM names the model of an adapter.
    ...(entry.parent === null ? {} : { parent: entry.parent }),
  };
}
