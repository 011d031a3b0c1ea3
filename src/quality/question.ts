import type { ChatRequest, Message } from '../chat/request.ts';
import type { AskedForm } from './ask-model.ts';
import type { Question } from './judge-prompt.ts';

/** A request that two models can be compared on: everything about it is text, and its answer is. */
export interface Comparable {
  readonly question: Question;
  readonly form: AskedForm;
  /** About how much memory it holds. */
  readonly characterCount: number;
}

/** Beyond this an answer is compared by what a judge can hardly keep in view, and memory is held for long. */
const longestCharacterCount = 100_000;

/**
 * Pure; null where it is none: pictures, files and calls cannot be judged by their words, several choices are not one answer,
 * raw text is no conversation.
 */
export function comparableOf(
  request: Pick<ChatRequest, 'input' | 'choiceCount' | 'outputFormat' | 'stop' | 'maxTokenCount'> &
    Partial<Pick<ChatRequest, 'sampling' | 'statedSampling' | 'ignoreEndOfGeneration'>>,
): Comparable | null {
  const { input, choiceCount, outputFormat, stop, maxTokenCount, sampling, statedSampling } = request;
  if (input.kind !== 'chat' || choiceCount !== 1 || input.toolUse !== undefined) return null;
  if (request.ignoreEndOfGeneration === true || !input.messages.every(isText)) return null;
  // The last message of an assistant is continued: what comes is half an answer.
  if (input.messages.at(-1)?.role !== 'user') return null;
  const characterCount = input.messages.reduce((sum, { content }) => sum + content.length, 0);
  if (characterCount > longestCharacterCount) return null;
  return {
    question: { messages: input.messages },
    form: {
      input,
      outputFormat,
      stop,
      maxTokenCount,
      ...(sampling === undefined ? {} : { sampling }),
      ...(statedSampling === undefined ? {} : { statedSampling }),
    },
    characterCount,
  };
}

function isText(message: Message): boolean {
  if (message.role === 'tool') return false;
  if (message.role === 'assistant') return (message.toolCalls ?? []).length === 0;
  return message.role === 'system' || message.parts === undefined;
}

/** Fields of OpenAI's and Anthropic's bodies that say how an answer is delivered, not what it is. */
const deliveryFields = new Set([
  'model',
  'stream',
  'stream_options',
  'user',
  'metadata',
  'store',
  'service_tier',
]);
const textFields = new Set([
  'messages',
  'system',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
]);

/**
 * Pure: the same of a body that passes to an upstream as it is. Only what is plain in both languages is read; a body with any
 * other field is null, for another model could not be asked the same.
 */
export function comparableBody(body: Readonly<Record<string, unknown>>): Comparable | null {
  for (const [field, value] of Object.entries(body)) {
    if (value !== undefined && value !== null && !deliveryFields.has(field) && !textFields.has(field))
      return null;
  }
  const list: unknown = body['messages'];
  if (!Array.isArray(list)) return null;
  const system = body['system'] === undefined ? [] : [{ role: 'system', content: body['system'] }];
  const messages: Message[] = [];
  for (const entry of [...system, ...(list as unknown[])]) {
    const message = messageOf(entry);
    if (message === null) return null;
    messages.push(message);
  }
  const maxTokenCount = body['max_completion_tokens'] ?? body['max_tokens'] ?? null;
  return comparableOf({
    input: { kind: 'chat', messages },
    choiceCount: 1,
    outputFormat: { type: 'text' },
    stop: [],
    maxTokenCount:
      typeof maxTokenCount === 'number' && Number.isInteger(maxTokenCount) ? maxTokenCount : null,
  });
}

function messageOf(entry: unknown): Message | null {
  if (typeof entry !== 'object' || entry === null) return null;
  const { role, content, ...rest } = entry as Record<string, unknown>;
  if (Object.keys(rest).some((name) => name !== 'name')) return null;
  const text = textOf(content);
  if (text === null) return null;
  if (role === 'system' || role === 'developer') return { role: 'system', content: text };
  return role === 'user' || role === 'assistant' ? { role, content: text } : null;
}

function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return null;
  const texts: string[] = [];
  for (const part of content as unknown[]) {
    if (typeof part !== 'object' || part === null) return null;
    const { type, text } = part as { readonly type?: unknown; readonly text?: unknown };
    if (type !== 'text' || typeof text !== 'string') return null;
    texts.push(text);
  }
  return texts.join('\n');
}

/** Pure: the text of a whole answer of OpenAI's or Anthropic's; null where it is more than one text. */
export function answerInBody(bytes: Uint8Array): string | null {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
  if (typeof body !== 'object' || body === null) return null;
  const { choices, content } = body as { readonly choices?: unknown; readonly content?: unknown };
  if (!Array.isArray(choices)) return textOf(content);
  const [choice, ...others] = choices as readonly { readonly message?: Readonly<Record<string, unknown>> }[];
  const message = choice?.message;
  if (message === undefined || others.length > 0 || (message['tool_calls'] ?? null) !== null) return null;
  return textOf(message['content']);
}
