import type { ContentPart } from '../../chat/content.ts';
import { NearfarError } from '../../chat/error.ts';
import type { ChatRequest, Message } from '../../chat/request.ts';
import { bytesOfBase64 } from '../../privacy/base64.ts';
import type { ModelContent, ModelMessage, SessionOptions } from './language-model.ts';

/** A conversation as the Prompt API takes it. */
export interface BuiltInPrompt {
  /** What was said before: given to the session when it is made. */
  readonly initialPrompts: readonly ModelMessage[];
  /** What is asked now: from the last message of the user on. */
  readonly prompt: readonly ModelMessage[];
  readonly kinds: ReadonlySet<'image' | 'audio'>;
}

/** Pure. @throws NearfarError `unsupported` for what the browser's model has no place for */
export function builtInPrompt({ input }: Pick<ChatRequest, 'input'>): BuiltInPrompt {
  if (input.kind !== 'chat') throw unsupported('prompt', 'the browser’s model answers conversations only');
  if (input.toolUse !== undefined) throw unsupported('tools', 'the browser’s model is given none');
  const kinds = new Set<'image' | 'audio'>();
  // The system's words may stand at the beginning only, once.
  const system = input.messages.flatMap(({ role, content }) => (role === 'system' ? [content] : []));
  const turns = input.messages.flatMap((message) =>
    message.role === 'system' ? [] : [toTurn(message, kinds)],
  );
  const last = turns.at(-1);
  if (last === undefined) throw unsupported('messages', 'the browser’s model needs a message of the user');
  if (last.role === 'assistant' && input.startsNewTurn !== true)
    turns[turns.length - 1] = { ...last, prefix: true };
  const from = Math.max(
    0,
    turns.findLastIndex(({ role }) => role === 'user'),
  );
  const opening: readonly ModelMessage[] =
    system.length === 0 ? [] : [{ role: 'system', content: system.join('\n\n') }];
  return { initialPrompts: [...opening, ...turns.slice(0, from)], prompt: turns.slice(from), kinds };
}

function toTurn(message: Exclude<Message, { role: 'system' }>, kinds: Set<'image' | 'audio'>): ModelMessage {
  switch (message.role) {
    case 'tool':
      throw unsupported('messages', 'the browser’s model takes no results of tools');
    case 'assistant':
      if (message.toolCalls !== undefined)
        throw unsupported('messages', 'the browser’s model takes no calls of tools');
      return { role: 'assistant', content: message.content };
    case 'user':
      return {
        role: 'user',
        content: message.parts?.map((part) => toContent(part, kinds)) ?? message.content,
      };
  }
}

function toContent(part: ContentPart, kinds: Set<'image' | 'audio'>): ModelContent {
  switch (part.type) {
    case 'text':
      return { type: 'text', value: part.text };
    case 'image': {
      const { source } = part;
      // Fetching it would tell somebody what is asked about.
      if (source.kind === 'url')
        throw unsupported(part.field, 'the browser’s model takes pictures as data: only');
      kinds.add('image');
      return { type: 'image', value: new Blob([bytesOfBase64(source.base64)], { type: source.mediaType }) };
    }
    case 'audio':
      kinds.add('audio');
      return {
        type: 'audio',
        value: new Blob([bytesOfBase64(part.base64)], { type: `audio/${part.format}` }),
      };
    case 'file':
      throw unsupported(part.field, 'the browser’s model takes no documents');
  }
}

/**
 * Sampling as far as the browser lets a page say it. Of a temperature pages have a mode that comes near it, extensions the number;
 * other options are refused where they ask for something.
 * @throws NearfarError `unsupported` naming the client's field
 */
export function builtInSampling(
  { sampling, statedSampling }: Pick<ChatRequest, 'sampling' | 'statedSampling'>,
  params: { readonly defaultTopK: number; readonly maxTemperature: number } | null,
): Pick<SessionOptions, 'temperature' | 'topK' | 'samplingMode'> {
  for (const [option, field] of statedSampling ?? []) {
    if (option === 'temperature') continue;
    const isNeutral =
      (option === 'topP' && sampling.topP === 1) ||
      ((option === 'presencePenalty' || option === 'frequencyPenalty') && sampling[option] === 0);
    if (!isNeutral) throw unsupported(field, 'the browser’s model has no such option');
  }
  if (statedSampling?.has('temperature') !== true) return {};
  const { temperature } = sampling;
  if (params !== null) {
    return { temperature: Math.min(temperature, params.maxTemperature), topK: params.defaultTopK };
  }
  if (temperature <= 0.2) return { samplingMode: 'most-predictable' };
  if (temperature <= 0.6) return { samplingMode: 'predictable' };
  if (temperature <= 1) return { samplingMode: 'balanced' };
  return { samplingMode: temperature <= 1.4 ? 'creative' : 'most-creative' };
}

export function constraintOf({ outputFormat }: Pick<ChatRequest, 'outputFormat'>): unknown {
  switch (outputFormat.type) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'object' };
    case 'json_schema':
      return outputFormat.schema;
  }
}

function unsupported(field: string, what: string): NearfarError {
  return new NearfarError('unsupported', `${field}: ${what}.`, { field });
}
