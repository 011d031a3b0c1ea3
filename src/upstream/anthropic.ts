import type { ContentPart } from '../chat/content.ts';
import type { ChatRequest, Message, OutputFormat, ReasoningEffort } from '../chat/request.ts';
import type { ToolCall, ToolUse } from '../chat/tool.ts';
import { createAnthropicReader } from './anthropic-reader.ts';
import { notCarried, statedOptions } from './not-carried.ts';
import type { WireProtocol, WireTarget } from './protocol.ts';
import { isObject } from './wire-json.ts';

/** The version of the API that these shapes are of. */
const apiVersion = '2023-06-01';
/** `max_tokens` must be sent; the least that any model of Anthropic's writes at most. */
const leastMaxTokenCount = 4096;
/** Least budget of thinking that Anthropic takes. */
const leastThinkingCount = 1024;

/** Anthropic's messages: https://docs.anthropic.com/en/api/messages */
export const anthropicMessages: WireProtocol = {
  framing: 'events',
  headers: (key) => ({
    'anthropic-version': apiVersion,
    ...(key === null ? {} : { 'x-api-key': key }),
  }),
  request: (request, target) => ({ path: '/v1/messages', body: messagesBody(request, target) }),
  // It reads addresses with TLS only.
  needsBytes: ({ source }) => !/^https:/i.test(source.url),
  createReader: (model) => createAnthropicReader(model),
};

function messagesBody(request: ChatRequest, target: WireTarget): Record<string, unknown> {
  const { input, stop } = request;
  if (input.kind !== 'chat') throw notCarried('prompt', 'Anthropic answers conversations only');
  if (request.choiceCount > 1) throw notCarried('n', 'Anthropic gives one choice');
  if (request.topLogprobCount !== null) throw notCarried('logprobs', 'Anthropic gives none');
  if (request.ignoreEndOfGeneration) throw notCarried('ignore_eos', 'Anthropic has no such option');
  if (input.startsNewTurn === true && input.messages.at(-1)?.role === 'assistant') {
    throw notCarried('messages', 'Anthropic always continues a last message of the assistant');
  }
  const maxTokenCount = request.maxTokenCount ?? target.maxTokenCount ?? leastMaxTokenCount;
  const { system, rest } = splitSystem(input.messages);
  return {
    model: target.model,
    max_tokens: maxTokenCount,
    ...(system === '' ? {} : { system }),
    messages: turnsOf(rest),
    ...toolFields(input.toolUse),
    ...thinkingFields(request, target.model, maxTokenCount),
    ...outputFields(request, target.model),
    ...samplingFields(request),
    ...(stop.length === 0 ? {} : { stop_sequences: stop }),
    stream: true,
  };
}

/** System messages that begin a conversation are Anthropic's `system`; later ones stay in their place. */
function splitSystem(messages: readonly Message[]): { system: string; rest: readonly Message[] } {
  const first = messages.findIndex((message) => message.role !== 'system');
  const count = first < 0 ? messages.length : first;
  return {
    system: messages
      .slice(0, count)
      .map((message) => message.content)
      .join('\n'),
    rest: messages.slice(count),
  };
}

interface Turn {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: string | readonly object[];
}

/** Results of tools and what the user says behind them are one turn. */
function turnsOf(messages: readonly Message[]): readonly Turn[] {
  const turns: Turn[] = [];
  messages.forEach((message, index) => {
    const last = turns.at(-1);
    switch (message.role) {
      case 'system':
        turns.push({ role: 'system', content: message.content });
        break;
      case 'user':
        if (last?.role === 'user' && typeof last.content !== 'string') {
          const blocks = message.parts?.map(mediaBlock) ?? [textBlock(message.content)];
          turns[turns.length - 1] = { role: 'user', content: [...last.content, ...blocks] };
        } else {
          turns.push({ role: 'user', content: message.parts?.map(mediaBlock) ?? message.content });
        }
        break;
      case 'tool': {
        const content = message.parts?.map(mediaBlock) ?? message.content;
        const block = { type: 'tool_result', tool_use_id: message.toolCallId, content };
        if (
          last?.role === 'user' &&
          typeof last.content !== 'string' &&
          messages[index - 1]?.role === 'tool'
        ) {
          turns[turns.length - 1] = { role: 'user', content: [...last.content, block] };
        } else {
          turns.push({ role: 'user', content: [block] });
        }
        break;
      }
      case 'assistant': {
        const { content, toolCalls = [] } = message;
        // What it thought is left out: Anthropic takes only thoughts that it signed itself.
        if (toolCalls.length === 0) turns.push({ role: 'assistant', content });
        else {
          const blocks = toolCalls.map((call) => callBlock(call, `messages[${index}].tool_calls`));
          turns.push({
            role: 'assistant',
            content: content === '' ? blocks : [textBlock(content), ...blocks],
          });
        }
      }
    }
  });
  return turns;
}

/** What Anthropic reads as pictures. */
const imageTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

/** @throws NearfarError `unsupported` for sound, and for types that Anthropic does not read */
function mediaBlock(part: ContentPart): object {
  switch (part.type) {
    case 'text':
      return textBlock(part.text);
    case 'audio':
      throw notCarried(part.field, 'Anthropic takes no sound');
    case 'image': {
      const { source, field } = part;
      if (source.kind === 'url') return { type: 'image', source: { type: 'url', url: source.url } };
      const { mediaType, base64 } = source;
      if (!imageTypes.includes(mediaType)) {
        throw notCarried(field, 'Anthropic takes images as PNG, JPEG, GIF and WebP');
      }
      return { type: 'image', source: { type: 'base64', media_type: mediaType, data: base64 } };
    }
    case 'file':
      return {
        type: 'document',
        source: documentSource(part),
        ...(part.name === undefined ? {} : { title: part.name }),
      };
  }
}

function documentSource({ source, field }: Extract<ContentPart, { type: 'file' }>): object {
  if (source.kind === 'url') return { type: 'url', url: source.url };
  const { mediaType, base64 } = source;
  if (mediaType === 'application/pdf') return { type: 'base64', media_type: mediaType, data: base64 };
  if (!mediaType.startsWith('text/')) throw notCarried(field, 'Anthropic takes files as PDF and text');
  const data = Buffer.from(base64, 'base64').toString('utf8');
  return { type: 'text', media_type: 'text/plain', data };
}

function textBlock(text: string): object {
  return { type: 'text', text };
}

/** @throws NearfarError `unsupported` where a call's arguments are no object, as Anthropic's are */
function callBlock({ id, name, arguments: text }: ToolCall, field: string): object {
  let input: unknown;
  try {
    input = JSON.parse(text === '' ? '{}' : text) as unknown;
  } catch {
    input = null;
  }
  if (!isObject(input)) throw notCarried(field, 'Anthropic takes arguments only as the JSON of an object');
  return { type: 'tool_use', id, name, input };
}

function toolFields(use: ToolUse | undefined): object {
  if (use === undefined) return {};
  const { tools, choice, allowsParallel } = use;
  const parallel = allowsParallel ? {} : { disable_parallel_tool_use: true };
  const wireTools = tools.map(({ name, description, parameters }) => ({
    name,
    ...(description === '' ? {} : { description }),
    input_schema: parameters,
  }));
  switch (choice.kind) {
    case 'auto':
      return { tools: wireTools, ...(allowsParallel ? {} : { tool_choice: { type: 'auto', ...parallel } }) };
    case 'required':
      return { tools: wireTools, tool_choice: { type: 'any', ...parallel } };
    case 'named':
      return { tools: wireTools, tool_choice: { type: 'tool', name: choice.name, ...parallel } };
  }
}

/** Of what may be written; a wish without an effort is half. */
const budgetShares: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 0,
  low: 1 / 8,
  medium: 1 / 4,
  high: 1 / 2,
  xhigh: 3 / 4,
  max: 3 / 4,
};

/** Anthropic's nearest word; what is above `high` only some of its models know. */
const effortWords: Readonly<Partial<Record<ReasoningEffort, string>>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

/** Models that take a budget of thinking; the newer ones refuse it and weigh themselves how much they think. */
const budgeted = /^claude-(3|(haiku|sonnet|opus)-4(-[015])?($|-20))/;

/**
 * Newer models think as they see fit, or as an effort says; older ones are given a share of what may be written. Within
 * a tool loop there is none, for the thoughts before it, which Anthropic would want to see again with its signature, were
 * not kept.
 * @throws NearfarError `unsupported` where there is no room to think, or the choice of tools forbids it
 */
function thinkingFields({ input }: ChatRequest, model: string, maxTokenCount: number): object {
  if (input.kind !== 'chat' || input.reasoning?.isWanted !== true) return {};
  const { field } = input.reasoning;
  if (input.messages.at(-1)?.role === 'tool') return {};
  if (input.toolUse !== undefined && input.toolUse.choice.kind !== 'auto') {
    throw notCarried(field, 'Anthropic does not think where a tool must be called');
  }
  if (!budgeted.test(model)) return { thinking: { type: 'adaptive' } };
  const share = budgetShares[input.reasoning.effort ?? 'high'];
  const budget = Math.max(leastThinkingCount, Math.floor(maxTokenCount * share));
  if (budget >= maxTokenCount) {
    throw notCarried(
      field,
      `needs max_tokens above ${leastThinkingCount}, the least that Anthropic thinks with`,
    );
  }
  return { thinking: { type: 'enabled', budget_tokens: budget } };
}

/** The form of the answer, and for models that weigh themselves how much they think, how much they shall. */
function outputFields({ input, outputFormat }: ChatRequest, model: string): object {
  const format = formatOf(outputFormat);
  const effort = input.kind === 'chat' ? input.reasoning?.effort : undefined;
  const word = effort === undefined || budgeted.test(model) ? undefined : effortWords[effort];
  if (format === null && word === undefined) return {};
  return {
    output_config: {
      ...(format === null ? {} : { format }),
      ...(word === undefined ? {} : { effort: word }),
    },
  };
}

function formatOf(format: OutputFormat): object | null {
  switch (format.type) {
    case 'text':
      return null;
    case 'json_object':
      throw notCarried(format.field, 'Anthropic enforces schemas only; send json_schema');
    case 'json_schema':
      return { type: 'json_schema', schema: format.schema };
  }
}

function samplingFields(request: ChatRequest): object {
  const { sampling, statedSampling } = request;
  const temperatureField = statedSampling?.get('temperature');
  if (temperatureField !== undefined && sampling.temperature > 1) {
    throw notCarried(temperatureField, 'Anthropic takes 0 to 1');
  }
  return statedOptions(request, { temperature: 'temperature', topP: 'top_p', topK: 'top_k' }, 'Anthropic');
}
