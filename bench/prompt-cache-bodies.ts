import type { TracedMessage, TracedRequest } from './workloads/prompt-traces.ts';

/** What clients do by themselves, and nothing. */
export const baselines = ['no caching', 'everything marked', 'last message marked'] as const;
export type Strategy = 'nearfar' | (typeof baselines)[number];

type Content = Readonly<Record<string, unknown>>;

/** What a client sends by itself: its own marks, or none. @param strategy by `nearfar` it marks nothing, for the planner does */
export function bodyOf(
  subject: { readonly protocol: 'anthropic' | 'openai'; readonly model: string },
  body: TracedRequest['body'],
  strategy: Strategy,
): Record<string, unknown> {
  const { model } = subject;
  if (subject.protocol === 'openai') return openaiBody(model, body, strategy);
  const mark = { cache_control: { type: 'ephemeral' } };
  const isAll = strategy === 'everything marked';
  const markedLast = isAll ? 2 : strategy === 'last message marked' ? 1 : 0;
  const users = body.messages
    .flatMap(({ role }, index) => (role === 'user' ? [index] : []))
    .slice(-markedLast);
  return {
    model,
    max_tokens: 1024,
    ...(body.tools === undefined ? {} : { tools: isAll ? withLast(body.tools, mark) : body.tools }),
    ...(body.system === undefined
      ? {}
      : { system: isAll ? [{ type: 'text', text: body.system, ...mark }] : body.system }),
    messages: body.messages.map((message, index) =>
      markedLast > 0 && users.includes(index)
        ? { ...message, content: withLast(message.content, mark) }
        : message,
    ),
  };
}

function withLast(items: readonly object[], member: object): readonly object[] {
  return items.map((item, index) => (index === items.length - 1 ? { ...item, ...member } : item));
}

function openaiBody(model: string, body: TracedRequest['body'], strategy: Strategy): Record<string, unknown> {
  return {
    model,
    ...(body.tools === undefined
      ? {}
      : { tools: body.tools.map((tool) => ({ type: 'function', function: tool })) }),
    messages: [
      ...(body.system === undefined ? [] : [{ role: 'system', content: body.system }]),
      ...body.messages.flatMap(openaiMessages),
    ],
    ...(strategy === 'no caching' ? { prompt_cache_options: { mode: 'explicit' } } : {}),
  };
}

function openaiMessages({ role, content }: TracedMessage): readonly object[] {
  const results = content.filter(({ type }) => type === 'tool_result');
  if (results.length > 0) {
    return results.map((result) => ({
      role: 'tool',
      tool_call_id: result['tool_use_id'],
      content: result['content'],
    }));
  }
  const texts = content.filter(({ type }) => type === 'text');
  const calls = content.filter(({ type }) => type === 'tool_use').map(callOf);
  return [{ role, content: texts, ...(calls.length === 0 ? {} : { tool_calls: calls }) }];
}

function callOf({ id, name, input }: Content): object {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input) } };
}
