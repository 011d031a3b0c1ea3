import type { ChatInput } from '../chat/request.ts';
import { isObject, listOf, objectOf, textOf, type WireObject } from './wire-json.ts';

/** Ids of the calls whose results a conversation ends in; empty where it is no tool loop. Pure. */
export function answeredCalls(input: ChatInput): readonly string[] {
  if (input.kind !== 'chat') return [];
  const ids: string[] = [];
  for (const message of input.messages.toReversed()) {
    if (message.role !== 'tool') break;
    ids.unshift(message.toolCallId);
  }
  return ids;
}

/** The same of a body in OpenAI's or in Anthropic's language. What is no such body has none. */
export function answeredCallsOf(body: WireObject): readonly string[] {
  const messages = listOf(body['messages']);
  const last = objectOf(messages.at(-1));
  if (last['role'] === 'user') {
    return listOf(last['content']).flatMap((block) => {
      const id = isObject(block) && block['type'] === 'tool_result' ? textOf(block['tool_use_id']) : '';
      return id === '' ? [] : [id];
    });
  }
  const ids: string[] = [];
  for (const message of messages.toReversed()) {
    const { role, tool_call_id: id } = objectOf(message) as { role?: unknown; tool_call_id?: unknown };
    if (role !== 'tool') break;
    if (textOf(id) !== '') ids.unshift(textOf(id));
  }
  return ids;
}
