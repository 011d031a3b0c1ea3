import { z } from 'zod';
import { invalid } from '../tool-use.ts';

/** Items of a response, newest first unless asked otherwise, as https://platform.openai.com/docs/api-reference/responses/input-items */
export interface InputPage {
  readonly object: 'list';
  readonly data: readonly object[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

export const inputPageSchema = z.strictObject({
  object: z.literal('list'),
  data: z.array(z.looseObject({ id: z.string(), type: z.string() })),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
});

const mostItems = 100;
const usualItems = 20;

/**
 * @param query `limit` (1 to 100, 20 where absent), `order` (`asc` or `desc`), `after` (an item's id)
 * @throws NearfarError `invalid_request` naming a malformed one
 */
export function inputPage(input: readonly unknown[], query: URLSearchParams): InputPage {
  const limit = readLimit(query.get('limit'));
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'expected asc or desc');
  const all = z.array(z.looseObject({ id: z.string() })).parse(input);
  const sorted = order === 'asc' ? all : all.toReversed();
  const after = query.get('after');
  const from = after === null ? 0 : sorted.findIndex(({ id }) => id === after) + 1;
  if (after !== null && from === 0) throw invalid('after', 'no item of this response has this id');
  const data = sorted.slice(from, from + limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: from + limit < sorted.length,
  };
}

function readLimit(text: string | null): number {
  if (text === null) return usualItems;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > mostItems) throw invalid('limit', `expected 1 to ${mostItems}`);
  return limit;
}
