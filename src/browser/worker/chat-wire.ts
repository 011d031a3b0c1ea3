import { NearfarError } from '../../chat/error.ts';
import type { ChatInput, ChatRequest, Message, OutputFormat } from '../../chat/request.ts';
import type { ToolUse } from '../../chat/tool.ts';

/** OpenAI's chat completions as the libraries for pages take them. */
export type ChatWire = Readonly<Record<string, unknown>> & { readonly messages: readonly object[] };

export type Conversation = Extract<ChatInput, { readonly kind: 'chat' }>;

/**
 * What all the libraries take alike: messages, tools, the form of the answer, and its end.
 * @throws NearfarError `unsupported` naming what a page's model does not take
 */
export function chatWire(request: ChatRequest): ChatWire {
  const conversation = requireChat(request);
  return {
    messages: wireMessages(conversation),
    ...toolFields(conversation.toolUse),
    ...formatFields(request.outputFormat),
    ...(request.stop.length === 0 ? {} : { stop: request.stop }),
    ...(request.maxTokenCount === null ? {} : { max_tokens: request.maxTokenCount }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

/** @throws NearfarError `unsupported` for several choices, and for what is no conversation */
export function requireChat({
  input,
  choiceCount,
}: Pick<ChatRequest, 'input' | 'choiceCount'>): Conversation {
  if (choiceCount !== 1) throw notHere('n', 'one answer at a time is all that a model in the page gives');
  if (input.kind !== 'chat') throw notHere('prompt', 'a model in the page answers conversations');
  return input;
}

export function wireMessages({ messages }: Pick<Conversation, 'messages'>): readonly object[] {
  return messages.map(wireMessage);
}

function wireMessage(message: Message): object {
  if ('parts' in message && message.parts.some((part) => part.type !== 'text'))
    throw notHere('messages', 'this model reads text only');
  switch (message.role) {
    case 'system':
    case 'user':
      return { role: message.role, content: message.content };
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
    case 'assistant':
      return {
        role: 'assistant',
        content: message.content,
        ...(message.toolCalls === undefined || message.toolCalls.length === 0
          ? {}
          : {
              tool_calls: message.toolCalls.map(({ id, name, arguments: text }) => ({
                id,
                type: 'function',
                function: { name, arguments: text },
              })),
            }),
      };
  }
}

function toolFields(use: ToolUse | undefined): object {
  if (use === undefined) return {};
  const { tools, choice, allowsParallel } = use;
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, description, parameters },
    })),
    tool_choice:
      choice.kind === 'named' ? { type: 'function', function: { name: choice.name } } : choice.kind,
    ...(allowsParallel ? {} : { parallel_tool_calls: false }),
  };
}

function formatFields(format: OutputFormat): object {
  switch (format.type) {
    case 'text':
      return {};
    case 'json_object':
      return { response_format: { type: 'json_object' } };
    case 'json_schema':
      return {
        response_format: {
          type: 'json_schema',
          json_schema: { name: format.name ?? 'answer', schema: format.schema, strict: true },
        },
      };
  }
}

export function notHere(field: string, why: string): NearfarError {
  return new NearfarError('unsupported', `${field}: ${why}.`, { field });
}
