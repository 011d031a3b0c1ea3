import { NearfarError } from '../../chat/error.ts';
import type { ListedModel } from '../listed-models.ts';

export function anthropicModel(entry: ListedModel): object {
  return {
    type: 'model',
    id: entry.name,
    display_name: `${entry.name} (${entry.facts.grade})`,
    created_at: entry.facts.createdAt.toISOString(),
  };
}

/**
 * One page of the list, as https://docs.anthropic.com/en/api/models-list describes it.
 * @throws NearfarError `invalid_request` for a bad `limit`
 */
export function anthropicModelPage(models: readonly ListedModel[], query: URLSearchParams): object {
  const limit = Number(query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new NearfarError('invalid_request', 'limit: expected a whole number from 1 to 1000.', {
      field: 'limit',
    });
  }
  const indexOf = (id: string | null): number => models.findIndex((model) => model.name === id);
  const afterId = query.get('after_id');
  const beforeId = query.get('before_id');
  let page: readonly ListedModel[];
  let hasMore: boolean;
  if (beforeId !== null) {
    const end = Math.max(0, indexOf(beforeId));
    page = models.slice(Math.max(0, end - limit), end);
    hasMore = end - limit > 0;
  } else {
    const start = afterId === null ? 0 : indexOf(afterId) + 1;
    page = models.slice(start, start + limit);
    hasMore = start + limit < models.length;
  }
  return {
    data: page.map(anthropicModel),
    has_more: hasMore,
    first_id: page[0]?.name ?? null,
    last_id: page.at(-1)?.name ?? null,
  };
}
