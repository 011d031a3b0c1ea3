import type { Priority } from '../chat/request.ts';
import { byteLength } from '../ledger/byte-length.ts';
import { tokenEstimate } from '../ledger/token-estimate.ts';
import { withBefore, type AskedPrompt } from './asked-prompt.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface AskedBody {
  /** In any dialect that upstreams speak; nothing of it was checked. */
  readonly body: Fields;
  /** The same as it came. */
  readonly text: string;
  readonly maxTokenCount: number | null;
  readonly choiceCount: number;
  readonly priority: Priority;
  readonly deadlineAt: number | null;
}

/** Pure: of a body that is to be passed on as it is. What is not understood needs nothing and says nothing. */
export function askedBody({ body, text, ...asked }: AskedBody): AskedPrompt {
  const { messages, input, prompt, tools, functions } = body;
  const isTokens =
    Array.isArray(prompt) && typeof (Array.isArray(prompt[0]) ? prompt[0][0] : prompt[0]) === 'number';
  const turns = [messages, input].find((one): one is readonly unknown[] => Array.isArray(one)) ?? [];
  const last = turns.findLast(isOfUser) ?? turns.at(-1);
  const before = last === undefined ? undefined : turns.slice(0, turns.lastIndexOf(last)).findLast(isOfUser);
  const first = turns.findIndex(isOfUser);
  const single = [input, prompt].find((one) => typeof one === 'string');
  const system = [body['system'], body['instructions']].map(textOf).join('');
  const opening = turns
    .slice(0, first + 1)
    .map(textOf)
    .join('\n');
  return {
    text: typeof single === 'string' ? single : readText(last, before),
    // As the pipeline's own words have it: a session is the same one on either way.
    opening: opening === '' || system === '' ? opening : `${system}\n${opening}`,
    needs: {
      tools: [tools, functions].some((list) => Array.isArray(list) && list.length > 0),
      media: turns.some(hasMedia),
      schema: asksForForm(body),
      tokens: isTokens,
    },
    // Names and brackets of the JSON are counted for what templates add.
    promptTokenCount: tokenEstimate(byteLength(text)),
    maxTokenCount: asked.maxTokenCount,
    choiceCount: asked.choiceCount,
    fitsAnyContext: false,
    priority: asked.priority,
    deadlineAt: asked.deadlineAt,
  };
}

function isOfUser(turn: unknown): boolean {
  return isFields(turn) && turn['role'] === 'user' && !isResult(turn['content']);
}

/** Anthropic's results of tools come as the user's. */
function isResult(content: unknown): boolean {
  return (
    Array.isArray(content) && content.every((piece) => isFields(piece) && piece['type'] === 'tool_result')
  );
}

/** A picture without a word says nothing of what is asked. */
function readText(turn: unknown, before: unknown): string | null {
  const text = textOf(turn);
  if (turn === undefined || (text === '' && hasMedia(turn))) return null;
  return withBefore(text, textOf(before));
}

/** The text of a message, of its content, or of pieces of content. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value))
    return value
      .map(textOf)
      .filter((text) => text !== '')
      .join('\n');
  if (!isFields(value)) return '';
  return typeof value['text'] === 'string' ? value['text'] : textOf(value['content']);
}

const textTypes: ReadonlySet<unknown> = new Set([
  'text',
  'input_text',
  'output_text',
  'tool_use',
  'tool_result',
  'thinking',
  'redacted_thinking',
]);

function hasMedia(turn: unknown): boolean {
  if (!isFields(turn)) return false;
  const { content, images } = turn;
  if (Array.isArray(images) && images.length > 0) return true;
  return Array.isArray(content) && content.some((piece) => isFields(piece) && !textTypes.has(piece['type']));
}

function asksForForm({ response_format: form, format, text }: Fields): boolean {
  const stated = isFields(form)
    ? form['type']
    : isFields(text) && isFields(text['format'])
      ? text['format']['type']
      : 'text';
  return (stated !== 'text' && stated !== undefined) || isFields(format) || format === 'json';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
