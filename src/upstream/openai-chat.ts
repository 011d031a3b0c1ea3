import type { ContentPart } from '../chat/content.ts';
import type { ChatRequest, Conversation, Message, OutputFormat } from '../chat/request.ts';
import type { ToolUse } from '../chat/tool.ts';
import { refuseMedia, urlOf } from './media.ts';
import { notCarried, statedOptions } from './not-carried.ts';
import { createOpenaiChatReader } from './openai-chat-reader.ts';
import type { WireProtocol, WireTarget } from './protocol.ts';
import { isStrictSchema } from './strict-schema.ts';
import type { UpstreamTraits } from './traits.ts';

/** OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat */
export const openaiChat: WireProtocol = {
  framing: 'events',
  headers: bearerHeaders,
  request: (request, target) => ({ path: '/chat/completions', body: chatBody(request, target) }),
  // Pictures are read by the upstream; files have no place for an address.
  needsBytes: (part) => part.type === 'file',
  createReader: createOpenaiChatReader,
};

export function bearerHeaders(key: string | null): Readonly<Record<string, string>> {
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

function chatBody(request: ChatRequest, { model, traits }: WireTarget): Record<string, unknown> {
  const { input, stop, maxTokenCount, choiceCount, topLogprobCount } = request;
  if (input.kind !== 'chat') throw notCarried('prompt', 'the upstream answers conversations only');
  if (request.ignoreEndOfGeneration && !traits.hasIgnoreEndOfText) {
    throw notCarried('ignore_eos', 'the upstream has no such option');
  }
  return {
    model,
    messages: input.messages.map((message) => wireMessage(message, traits)),
    ...continuationFields(input, traits),
    ...toolFields(input.toolUse),
    ...(input.reasoning?.effort === undefined ? {} : { reasoning_effort: input.reasoning.effort }),
    ...formatFields(request.outputFormat),
    ...statedOptions(request, traits.samplingNames, 'the upstream'),
    ...(stop.length === 0 ? {} : { stop }),
    ...(maxTokenCount === null ? {} : { [traits.maxTokensField]: maxTokenCount }),
    ...(choiceCount === 1 ? {} : { n: choiceCount }),
    ...(topLogprobCount === null ? {} : { logprobs: true, top_logprobs: topLogprobCount }),
    ...(request.ignoreEndOfGeneration ? { ignore_eos: true } : {}),
    ...(request.contextOverflow === undefined || !traits.isNearfar
      ? {}
      : { context_overflow: request.contextOverflow }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

function wireMessage(message: Message, traits: UpstreamTraits): object {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', content: message.parts?.map(wirePart) ?? message.content };
    case 'tool':
      refuseMedia(message.parts, 'OpenAI takes text only as the result of a tool');
      return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
    case 'assistant': {
      const { content, reasoning, toolCalls = [] } = message;
      return {
        role: 'assistant',
        content: content === '' && toolCalls.length > 0 ? null : content,
        ...(reasoning === undefined || !traits.takesReasoning ? {} : { reasoning_content: reasoning }),
        ...(toolCalls.length === 0
          ? {}
          : {
              tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({
                id,
                type: 'function',
                function: { name, arguments: text },
              })),
            }),
      };
    }
  }
}

function wirePart(part: ContentPart): object {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image': {
      const { source, detail } = part;
      return {
        type: 'image_url',
        image_url: { url: urlOf(source), ...(detail === undefined ? {} : { detail }) },
      };
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.base64, format: part.format } };
    case 'file': {
      const { name, source } = part;
      return {
        type: 'file',
        file: { ...(name === undefined ? {} : { filename: name }), file_data: urlOf(source) },
      };
    }
  }
}

/** @throws NearfarError `unsupported` where a last message of the assistant would be taken otherwise than it is meant */
function continuationFields({ messages, startsNewTurn }: Conversation, traits: UpstreamTraits): object {
  if (messages.at(-1)?.role !== 'assistant') return {};
  const isContinued = startsNewTurn !== true;
  switch (traits.continuation) {
    case 'never':
      if (!isContinued) return {};
      throw notCarried('messages', 'the upstream cannot continue a last message of the assistant');
    case 'flag':
      return { continue_final_message: isContinued, add_generation_prompt: !isContinued };
    case 'itself':
      return isContinued ? {} : { add_generation_prompt: true };
  }
}

function toolFields(use: ToolUse | undefined): object {
  if (use === undefined) return {};
  const { tools, choice, allowsParallel } = use;
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, ...(description === '' ? {} : { description }), parameters },
    })),
    ...(choice.kind === 'auto'
      ? {}
      : {
          tool_choice:
            choice.kind === 'required' ? 'required' : { type: 'function', function: { name: choice.name } },
        }),
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
          json_schema: {
            name: format.name ?? 'answer',
            schema: format.schema,
            // OpenAI refuses to be strict about schemas outside its subset, and follows them as well as it can.
            strict: format.strict && isStrictSchema(format.schema),
          },
        },
      };
  }
}
