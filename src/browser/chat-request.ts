import { messageContent, type ContentPart, type MediaSource } from '../chat/content.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatRequest, Message, OutputFormat } from '../chat/request.ts';
import { neutralSampling, type SamplingOptions } from '../chat/sampling.ts';
import type { ToolChoice, ToolUse } from '../chat/tool.ts';
import type { ChatBody, ChatMessage, ContentBody, ResponseFormat } from './chat-body.ts';
import type { CallOptions, NearInput } from './near.ts';

/** What it makes of an input: the request that all backends take. Checked by hand: a schema library is larger than the core. */
export function chatRequest(input: NearInput, options: CallOptions, isStreamed: boolean): ChatRequest {
  const body = bodyOf(input);
  for (const name of Object.keys(body)) {
    // A field that would change the answer and that nobody here reads is an error, not a surprise.
    if (!knownFields.has(name)) throw unsupported(name, 'is not supported in the page');
  }
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    throw invalid('messages', 'expected at least one message');
  }
  const { session } = options;
  const toolUse = toolUseOf(body);
  const aside = body.user === undefined ? {} : { aside: { user: body.user } };
  return {
    id: newId(),
    dialect: 'openai',
    requestedModel: body.model ?? 'auto',
    input: {
      kind: 'chat',
      messages: messagesOf(body.messages),
      startsNewTurn: true,
      ...(toolUse === undefined ? {} : { toolUse }),
    },
    ...samplingOf(body),
    stop: stopOf(body.stop),
    maxTokenCount: countOf(body.max_completion_tokens ?? body.max_tokens, 'max_completion_tokens'),
    choiceCount: choiceCountOf(body.n),
    topLogprobCount: null,
    isStreamed,
    privacy: options.privacy ?? 'open',
    ...(session === undefined && body.user === undefined
      ? {}
      : { session: { ids: session === undefined ? [] : [`near ${session}`], ...aside } }),
    tenant: 'page',
    priority: 'interactive',
    answerCache: 'auto',
    deadlineAt: null,
    outputFormat: formatOf(body.response_format),
    ignoreEndOfGeneration: false,
    keepAliveSeconds: null,
  };
}

export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `near-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

const knownFields: ReadonlySet<string> = new Set(
  (
    'model messages temperature top_p seed presence_penalty frequency_penalty max_tokens max_completion_tokens stop ' +
    'response_format tools tool_choice stream stream_options n user'
  ).split(' '),
);

function bodyOf(input: NearInput): ChatBody {
  if (typeof input === 'string') return { messages: [{ role: 'user', content: input }] };
  return isMessages(input) ? { messages: input } : input;
}

function isMessages(input: Exclude<NearInput, string>): input is readonly ChatMessage[] {
  return Array.isArray(input);
}

function messagesOf(messages: readonly ChatMessage[]): readonly Message[] {
  /** Names of the tools that were called, by the calls' ids. */
  const called = new Map<string, string>();
  return messages.map((message, index): Message => {
    const field = `messages[${index}]`;
    switch (message.role) {
      case 'system':
      case 'developer':
        return { role: 'system', content: textOf(message.content, `${field}.content`) };
      case 'user':
        return { role: 'user', ...userContent(message.content, `${field}.content`) };
      case 'assistant': {
        const toolCalls = (message.tool_calls ?? []).map((call) => ({
          id: call.id,
          name: call.function.name,
          arguments: call.function.arguments,
        }));
        for (const { id, name } of toolCalls) called.set(id, name);
        const content = textOf(message.content ?? '', `${field}.content`);
        return { role: 'assistant', content, ...(toolCalls.length === 0 ? {} : { toolCalls }) };
      }
      case 'tool': {
        const name = called.get(message.tool_call_id);
        if (name === undefined) {
          throw invalid(`${field}.tool_call_id`, 'no tool call before this message has this id');
        }
        const content = textOf(message.content, `${field}.content`);
        return { role: 'tool', content, toolCallId: message.tool_call_id, name };
      }
      default:
        throw invalid(`${field}.role`, 'expected system, developer, user, assistant or tool');
    }
  });
}

function textOf(content: string | readonly { readonly text: string }[], field: string): string {
  if (typeof content === 'string') return content;
  if (!isList(content)) throw invalid(field, 'expected text');
  return content.map(({ text }) => text).join('\n');
}

/** A page's script may give anything. */
function isList(value: readonly { readonly text: string }[]): boolean {
  return Array.isArray(value);
}

function userContent(
  content: string | readonly ContentBody[],
  field: string,
): { readonly content: string; readonly parts?: readonly ContentPart[] } {
  if (typeof content === 'string') return { content };
  if (!Array.isArray(content)) throw invalid(field, 'expected text or a list of parts');
  return messageContent(content.map((part: ContentBody, index) => partOf(part, `${field}[${index}]`)));
}

function partOf(part: ContentBody, field: string): ContentPart {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image_url': {
      const { url, detail } = part.image_url;
      const source = sourceOf(url, `${field}.image_url.url`);
      return { type: 'image', source, ...(detail === undefined ? {} : { detail }), field };
    }
    case 'input_audio': {
      const { data, format } = part.input_audio;
      return { type: 'audio', format, base64: data, field };
    }
    default:
      throw invalid(field, 'expected text, image_url or input_audio');
  }
}

function sourceOf(url: string, field: string): MediaSource {
  if (/^https?:\/\//i.test(url)) return { kind: 'url', url };
  const [, mediaType, base64] = /^data:([a-z]+\/[a-z0-9.+-]+)(?:;[^;,]*)*;base64,(.*)$/is.exec(url) ?? [];
  if (mediaType === undefined || base64 === undefined) {
    throw invalid(field, 'expected an http address, or data: with base64');
  }
  return { kind: 'data', mediaType: mediaType.toLowerCase(), base64 };
}

const samplingFields = [
  ['temperature', 'temperature', 0, 2],
  ['top_p', 'topP', 0, 1],
  ['seed', 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ['presence_penalty', 'presencePenalty', -2, 2],
  ['frequency_penalty', 'frequencyPenalty', -2, 2],
] as const;

/** Only what was said: models have defaults of their own. */
function samplingOf(body: ChatBody): Pick<ChatRequest, 'sampling' | 'statedSampling'> {
  const stated = new Map<keyof SamplingOptions, string>();
  const sampling: Record<string, unknown> = { ...neutralSampling };
  for (const [field, option, least, most] of samplingFields) {
    const value = body[field];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw invalid(field, `expected a number from ${String(least)} to ${String(most)}`);
    }
    sampling[option] = value;
    stated.set(option, field);
  }
  return {
    sampling: sampling as unknown as SamplingOptions,
    ...(stated.size === 0 ? {} : { statedSampling: stated }),
  };
}

function stopOf(stop: ChatBody['stop']): readonly string[] {
  const list = typeof stop === 'string' ? [stop] : (stop ?? []);
  if (list.some((one) => typeof one !== 'string' || one === '')) throw invalid('stop', 'expected texts');
  return list;
}

function countOf(value: number | null | undefined, field: string): number | null {
  if (value === undefined || value === null) return null;
  if (!Number.isInteger(value) || value < 1) throw invalid(field, 'expected a whole number from 1');
  return value;
}

function choiceCountOf(value: ChatBody['n']): number {
  const count = countOf(value, 'n') ?? 1;
  // Models of a page write one answer; of the gateway's that is what pages ask for.
  if (count > 1) throw unsupported('n', 'more than one choice is not supported in the page');
  return count;
}

function formatOf(format: ResponseFormat | undefined): OutputFormat {
  switch (format?.type) {
    case undefined:
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json_object', field: 'response_format' };
    case 'json_schema': {
      const { name, schema = {}, strict } = format.json_schema;
      const field = 'response_format.json_schema.schema';
      if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null)) {
        throw invalid(field, 'expected a JSON Schema');
      }
      return { type: 'json_schema', schema, name, strict: strict ?? false, field };
    }
    default:
      throw invalid('response_format.type', 'expected text, json_object or json_schema');
  }
}

function toolUseOf(body: ChatBody): ToolUse | undefined {
  const { tools = [], tool_choice: choice = 'auto' } = body;
  if (tools.length === 0 || choice === 'none') return undefined;
  return {
    tools: tools.map(({ function: { name, description = '', parameters } }, index) => {
      const field = `tools[${index}].function`;
      if (typeof name !== 'string' || name === '') throw invalid(`${field}.name`, 'expected a name');
      return {
        name,
        description,
        parameters: parameters ?? { type: 'object', properties: {} },
        field: `${field}.parameters`,
      };
    }),
    choice: choiceOf(choice, tools),
    allowsParallel: true,
  };
}

function choiceOf(
  choice: Exclude<ChatBody['tool_choice'], undefined | 'none'>,
  tools: NonNullable<ChatBody['tools']>,
): ToolChoice {
  if (choice === 'auto' || choice === 'required') return { kind: choice };
  const { name } = choice.function;
  if (!tools.some((tool) => tool.function.name === name)) {
    throw invalid('tool_choice.function.name', 'expected the name of one of the tools');
  }
  return { kind: 'named', name };
}

export function invalid(field: string, what: string): NearfarError {
  return new NearfarError('invalid_request', `${field}: ${what}.`, { field });
}

function unsupported(field: string, what: string): NearfarError {
  return new NearfarError('unsupported', `${field}: ${what}.`, { field });
}
