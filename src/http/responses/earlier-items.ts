import { z } from 'zod';
import { NearfarError } from '../../chat/error.ts';
import type { KeptResponse, KeptResponses } from '../../responses/kept-responses.ts';
import { invalid } from '../tool-use.ts';
import { inputItem, type InputItem, type ItemReference } from './input-schema.ts';
import { itemId, responseIdOfItem } from './response-ids.ts';

const items = z.array(inputItem);

/**
 * All that was said before the response that this one follows, and by it.
 * @throws NearfarError `invalid_request` naming `previous_response_id` where it is not here
 */
export async function earlierItems(
  kept: KeptResponses | undefined,
  previousId: string | null | undefined,
  tenant: string,
): Promise<readonly InputItem[]> {
  if (previousId === undefined || previousId === null) return [];
  if (kept === undefined) {
    throw new NearfarError('invalid_request', 'previous_response_id: responses are not stored here.', {
      field: 'previous_response_id',
    });
  }
  const chain = await kept.chain(previousId, tenant);
  return chain.flatMap((one) => [...items.parse(one.input), ...outputItems(one)]);
}

/** What a response said, without calls that were cut short: nobody can have answered them. */
function outputItems({ response }: KeptResponse): readonly InputItem[] {
  const { output } = z.looseObject({ output: z.array(z.looseObject({})) }).parse(response);
  return items.parse(
    output.filter((item) => !(item['type'] === 'function_call' && item['status'] === 'incomplete')),
  );
}

/**
 * The items themselves in place of references to stored ones.
 * @throws NearfarError `invalid_request` naming the reference that leads nowhere
 */
export async function resolvedItems(
  kept: KeptResponses | undefined,
  given: readonly (InputItem | ItemReference)[],
  tenant: string,
): Promise<readonly InputItem[]> {
  return Promise.all(
    given.map(async (item, index) => {
      if (item.type !== 'item_reference') return item;
      const id = responseIdOfItem(item.id);
      const one = id === null ? null : ((await kept?.find(id, tenant)) ?? null);
      const found =
        one === null
          ? undefined
          : [...items.parse(one.input), ...outputItems(one)].find((candidate) => candidate.id === item.id);
      if (found === undefined) throw invalid(`input[${index}].id`, 'no stored item has this id');
      return found;
    }),
  );
}

/** Items as they are listed: each with an id, a type and its text in parts. */
export function listedItems(own: readonly InputItem[], requestId: string): readonly InputItem[] {
  return own.map((item, place): InputItem => {
    const id = item.id ?? itemId('in', requestId, place);
    if (item.type !== undefined && item.type !== 'message') return { ...item, id };
    if (item.role === 'assistant') {
      const content =
        typeof item.content === 'string'
          ? [{ type: 'output_text' as const, text: item.content, annotations: [] }]
          : item.content;
      return { ...item, id, type: 'message', status: item.status ?? 'completed', content };
    }
    if (item.role === 'user') {
      const content =
        typeof item.content === 'string'
          ? [{ type: 'input_text' as const, text: item.content }]
          : item.content;
      return { ...item, id, type: 'message', status: item.status ?? 'completed', content };
    }
    const content =
      typeof item.content === 'string' ? [{ type: 'input_text' as const, text: item.content }] : item.content;
    return { ...item, id, type: 'message', status: item.status ?? 'completed', content };
  });
}
