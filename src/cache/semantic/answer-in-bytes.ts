import type { ChatPart, FinishReason } from '../../chat/part.ts';
import type { KeptBytes } from '../kept-answers.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * Pure: what an answer in an upstream's own bytes says, so that it can be compared; null where it is more than one text, or
 * nobody here can read it.
 */
export function answerInBytes({ items }: Pick<KeptBytes, 'items'>): readonly ChatPart[] | null {
  const parts = items.flatMap((item) => item.parts);
  const ends = parts.filter((part) => part.type === 'choice-end');
  const [end] = ends;
  if (ends.length !== 1 || end === undefined || parts.some((part) => part.type === 'tool-call-start'))
    return null;
  const deltas = parts.filter((part) => part.type === 'text-delta');
  if (deltas.length > 0) return [...deltas, end];
  // A whole answer's parts say only how it ended.
  const text = textInBody(Buffer.concat(items.map(({ bytes }) => bytes)).toString('utf8'));
  return text === null || text === '' ? null : said(text, end.reason);
}

function said(text: string, reason: FinishReason): readonly ChatPart[] {
  return [
    { type: 'text-delta', choice: 0, text },
    { type: 'choice-end', choice: 0, reason },
  ];
}

/** Of a whole answer in any of the languages. */
function textInBody(text: string): string | null {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(body)) return null;
  const { choices, message, content, output } = body;
  if (Array.isArray(choices)) return choices.length === 1 ? textInChoice(choices[0]) : null;
  if (isObject(message)) return textOf(message['content']);
  return Array.isArray(output) ? textInOutput(output) : textOf(content);
}

function textInChoice(choice: unknown): string | null {
  const message = isObject(choice) ? choice['message'] : null;
  return isObject(message) ? textOf(message['content']) : null;
}

/** Of the responses API: what was thought stands beside what was said. */
function textInOutput(output: readonly unknown[]): string | null {
  const spoken = output.filter((item) => isObject(item) && item['type'] !== 'reasoning');
  const [item] = spoken;
  return spoken.length === 1 && isObject(item) && item['type'] === 'message' ? textOf(item['content']) : null;
}

function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return null;
  const texts = content.flatMap((block: unknown) => {
    const { type, text } = isObject(block) ? block : {};
    return (type === 'text' || type === 'output_text') && typeof text === 'string' ? [text] : [];
  });
  return texts.length === 1 ? (texts[0] ?? null) : null;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
