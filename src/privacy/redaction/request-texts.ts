import { mediaOf, messageContent, type ContentPart, type MediaPart } from '../../chat/content.ts';
import type { ChatRequest, Message } from '../../chat/request.ts';
import type { Tool, ToolCall, ToolUse } from '../../chat/tool.ts';

/**
 * What may stand in a text's place: `prose`, anything; `identifier`, letters, digits, `_` and `-` (names and ids, keys of
 * schemas); `address`, nothing else than it is.
 */
export type TextRole = 'prose' | 'identifier' | 'address';

/** @param label what the text is the value of, where it is one, e.g. the name of an argument */
export type MapText = (text: string, role: TextRole, label?: string) => string;

/** What of a request a model reads. */
export type RequestContent = Pick<ChatRequest, 'input' | 'stop' | 'outputFormat'>;

/** A request with each of its texts replaced: all that a model elsewhere is told, but for the bytes of media. Pure. */
export function mapRequestTexts<R extends RequestContent>(request: R, map: MapText): R {
  return {
    ...request,
    input: mapInput(request.input, map),
    stop: request.stop.map((text) => map(text, 'prose')),
    outputFormat: mapFormat(request.outputFormat, map),
  };
}

export interface RequestText {
  readonly text: string;
  readonly role: TextRole;
}

/** Every text of a request that a model elsewhere would be told, the media's bytes excepted. */
export function requestTexts(request: RequestContent): RequestText[] {
  const texts: RequestText[] = [];
  mapRequestTexts(request, (text, role, label) => {
    texts.push({ text, role });
    // What a name and its value say together, e.g. `password` and what is behind it.
    if (label !== undefined) texts.push({ text: labelled(label, text), role: 'prose' });
    return text;
  });
  if (request.input.kind === 'chat')
    // Parts are read one by one, but stand together.
    texts.push(
      ...request.input.messages.flatMap((one) =>
        'parts' in one ? [{ text: one.content, role: 'prose' as const }] : [],
      ),
    );
  return texts;
}

/** As a person would write it: `cardNumber: 4111...` is read as `card Number: 4111...`. */
export function labelled(label: string, text: string): string {
  return `${spoken(label)}: ${text}`;
}

/** The length of what `labelled` puts before the text. */
export function labelLength(label: string): number {
  return spoken(label).length + 2;
}

function spoken(label: string): string {
  return label.replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2').replace(/[_-]+/g, ' ');
}

/** What nobody here can read: pictures, sounds, files and ids of tokens. */
export function unreadOf({ input }: Pick<ChatRequest, 'input'>): readonly (MediaPart['type'] | 'tokens')[] {
  if (input.kind === 'tokens') return ['tokens'];
  return input.kind === 'chat' ? mediaOf(input.messages).map(({ type }) => type) : [];
}

function mapInput(input: ChatRequest['input'], map: MapText): ChatRequest['input'] {
  switch (input.kind) {
    case 'tokens':
      return input;
    case 'text': {
      const { suffix } = input;
      const text = map(input.text, 'prose');
      return { ...input, text, ...(suffix === undefined ? {} : { suffix: map(suffix, 'prose') }) };
    }
    case 'chat': {
      const { toolUse } = input;
      const messages = input.messages.map((message) => mapMessage(message, map));
      return {
        ...input,
        messages,
        ...(toolUse === undefined ? {} : { toolUse: mapToolUse(toolUse, map) }),
      };
    }
  }
}

function mapMessage(message: Message, map: MapText): Message {
  switch (message.role) {
    case 'system':
      return { ...message, content: map(message.content, 'prose') };
    case 'user':
      return { ...message, ...mapContent(message, map) };
    case 'tool':
      return {
        ...message,
        ...mapContent(message, map),
        toolCallId: map(message.toolCallId, 'identifier'),
        name: map(message.name, 'identifier'),
      };
    case 'assistant': {
      const { reasoning, toolCalls } = message;
      return {
        ...message,
        content: map(message.content, 'prose'),
        ...(reasoning === undefined ? {} : { reasoning: map(reasoning, 'prose') }),
        ...(toolCalls === undefined ? {} : { toolCalls: toolCalls.map((call) => mapCall(call, map)) }),
      };
    }
  }
}

function mapContent(
  { content, parts }: { readonly content: string; readonly parts?: readonly ContentPart[] },
  map: MapText,
): { content: string; parts?: readonly ContentPart[] } {
  if (parts === undefined) return { content: map(content, 'prose') };
  return messageContent(parts.map((part) => mapPart(part, map)));
}

function mapPart(part: ContentPart, map: MapText): ContentPart {
  switch (part.type) {
    case 'text':
      return { ...part, text: map(part.text, 'prose') };
    case 'audio':
      return part;
    case 'image':
      if (part.source.kind === 'url') map(part.source.url, 'address');
      return part;
    case 'file':
      if (part.source.kind === 'url') map(part.source.url, 'address');
      return part.name === undefined ? part : { ...part, name: map(part.name, 'prose') };
  }
}

function mapCall(call: ToolCall, map: MapText): ToolCall {
  return {
    id: map(call.id, 'identifier'),
    name: map(call.name, 'identifier'),
    arguments: mapJsonText(call.arguments, map),
  };
}

function mapToolUse({ tools, choice, ...rest }: ToolUse, map: MapText): ToolUse {
  return {
    ...rest,
    tools: tools.map((tool): Tool => ({
      ...tool,
      name: map(tool.name, 'identifier'),
      description: map(tool.description, 'prose'),
      parameters: mapJson(tool.parameters, map) as Tool['parameters'],
    })),
    choice: choice.kind === 'named' ? { ...choice, name: map(choice.name, 'identifier') } : choice,
  };
}

function mapFormat(format: ChatRequest['outputFormat'], map: MapText): ChatRequest['outputFormat'] {
  if (format.type !== 'json_schema') return format;
  const { name } = format;
  return {
    ...format,
    schema: mapJson(format.schema, map),
    name: name === null ? null : map(name, 'identifier'),
  };
}

/** Keywords of JSON Schema whose strings are names of members. */
const listsNames = new Set(['required', 'dependentRequired', 'propertyOrdering']);

/** Keys are names of members; providers take identifiers only. Numbers are read as they are written. */
function mapJson(value: unknown, map: MapText, label?: string, role: TextRole = 'prose'): unknown {
  if (typeof value === 'string') return map(value, role, label);
  if (typeof value === 'number') {
    const text = String(value);
    const mapped = map(text, role, label);
    return mapped === text ? value : mapped;
  }
  if (Array.isArray(value)) return value.map((item) => mapJson(item, map, label, role));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      map(key, 'identifier'),
      mapJson(inner, map, key, listsNames.has(key) ? 'identifier' : role),
    ]),
  );
}

/** A string or a number of JSON, and whether a colon behind it makes it a key. */
const literal = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[\d.eE+-]*/g;

/** In place, so that what needs no change stays to the letter. Text that is no JSON is a text. */
function mapJsonText(json: string, map: MapText): string {
  try {
    JSON.parse(json);
  } catch {
    return map(json, 'prose');
  }
  let label: string | undefined;
  return json.replace(literal, (found: string, colon: string | undefined) => {
    const isString = found.startsWith('"');
    const source = colon === undefined ? found : found.slice(0, -colon.length);
    const text = isString ? (JSON.parse(source) as string) : source;
    const mapped = map(text, 'prose', colon === undefined ? label : undefined);
    if (colon !== undefined) label = text;
    return mapped === text ? found : `${JSON.stringify(mapped)}${colon ?? ''}`;
  });
}
