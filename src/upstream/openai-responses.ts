import type { ContentPart } from '../chat/content.ts';
import type { ChatRequest, Conversation, Message, OutputFormat } from '../chat/request.ts';
import type { ToolUse } from '../chat/tool.ts';
import { urlOf } from './media.ts';
import { notCarried, statedOptions } from './not-carried.ts';
import { bearerHeaders } from './openai-chat.ts';
import { createResponsesReader } from './openai-responses-reader.ts';
import type { WireProtocol, WireTarget } from './protocol.ts';
import { isStrictSchema } from './strict-schema.ts';

/**
 * OpenAI's responses: https://platform.openai.com/docs/api-reference/responses
 * The whole conversation is sent each time and nothing is stored there.
 */
export const openaiResponses: WireProtocol = {
  framing: 'events',
  headers: bearerHeaders,
  request: (request, target) => ({ path: '/responses', body: responsesBody(request, target) }),
  needsBytes: () => false,
  createReader: (model) => createResponsesReader(model),
};

function responsesBody(request: ChatRequest, { model }: WireTarget): Record<string, unknown> {
  const { input, maxTokenCount, topLogprobCount } = request;
  if (input.kind !== 'chat') throw notCarried('prompt', 'the upstream answers conversations only');
  if (request.choiceCount > 1) throw notCarried('n', 'the responses API gives one choice');
  if (request.stop.length > 0) throw notCarried('stop', 'the responses API has no stop strings');
  if (request.ignoreEndOfGeneration) throw notCarried('ignore_eos', 'the responses API has no such option');
  if (input.messages.at(-1)?.role === 'assistant' && input.startsNewTurn !== true) {
    throw notCarried('messages', 'the responses API cannot continue a last message of the assistant');
  }
  return {
    model,
    input: input.messages.flatMap(items),
    ...toolFields(input.toolUse),
    ...reasoningFields(input.reasoning),
    ...formatFields(request.outputFormat),
    ...statedOptions(request, { temperature: 'temperature', topP: 'top_p' }, 'the responses API'),
    ...(maxTokenCount === null ? {} : { max_output_tokens: maxTokenCount }),
    ...(topLogprobCount === null
      ? {}
      : { include: ['message.output_text.logprobs'], top_logprobs: topLogprobCount }),
    store: false,
    stream: true,
  };
}

function items(message: Message): readonly object[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.content }];
    case 'user':
      return [{ role: 'user', content: message.parts?.map(wirePart) ?? message.content }];
    case 'tool': {
      const output = message.parts?.map(wirePart) ?? message.content;
      return [{ type: 'function_call_output', call_id: message.toolCallId, output }];
    }
    case 'assistant': {
      // Earlier thoughts are items with ids of the provider's; they are not carried over.
      const calls = (message.toolCalls ?? []).map(({ id, name, arguments: text }) => ({
        type: 'function_call',
        call_id: id,
        name,
        arguments: text,
      }));
      return message.content === '' && calls.length > 0
        ? calls
        : [{ role: 'assistant', content: message.content }, ...calls];
    }
  }
}

function wirePart(part: ContentPart): object {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image':
      return { type: 'input_image', image_url: urlOf(part.source), detail: part.detail ?? 'auto' };
    case 'audio':
      throw notCarried(part.field, 'the responses API takes no sound');
    case 'file': {
      const { name, source } = part;
      return {
        type: 'input_file',
        ...(name === undefined ? {} : { filename: name }),
        ...(source.kind === 'url' ? { file_url: source.url } : { file_data: urlOf(source) }),
      };
    }
  }
}

/** What the client said of it; a wish without an effort is another dialect's, and models that cannot think refuse it. */
function reasoningFields(reasoning: Conversation['reasoning']): object {
  if (reasoning?.effort === undefined) return {};
  const { effort, summary } = reasoning;
  return { reasoning: { effort, ...(summary === undefined ? {} : { summary }) } };
}

function toolFields(use: ToolUse | undefined): object {
  if (use === undefined) return {};
  const { tools, choice, allowsParallel } = use;
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: 'function',
      name,
      ...(description === '' ? {} : { description }),
      parameters,
      // Absent means strict there, which many schemas are not made for.
      strict: false,
    })),
    ...(choice.kind === 'auto'
      ? {}
      : { tool_choice: choice.kind === 'required' ? 'required' : { type: 'function', name: choice.name } }),
    ...(allowsParallel ? {} : { parallel_tool_calls: false }),
  };
}

function formatFields(format: OutputFormat): object {
  switch (format.type) {
    case 'text':
      return {};
    case 'json_object':
      return { text: { format: { type: 'json_object' } } };
    case 'json_schema':
      return {
        text: {
          format: {
            type: 'json_schema',
            name: format.name ?? 'answer',
            schema: format.schema,
            strict: format.strict && isStrictSchema(format.schema),
          },
        },
      };
  }
}
