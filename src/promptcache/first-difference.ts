import { anthropicBlocks } from './anthropic-blocks.ts';
import type { ChatInput } from '../chat/request.ts';
import { chatBlocks } from './chat-blocks.ts';
import { openaiBlocks } from './openai-blocks.ts';
import { isObject, type PromptBlock } from './prompt-block.ts';

/** Where two prompts part, in their own words. */
export interface FirstDifference {
  readonly place: PromptBlock['place'];
  /** The last characters that both have. */
  readonly before: string;
  /** What each says next; '' where it ends. */
  readonly one: string;
  readonly other: string;
}

const shownBefore = 60;
const shownBehind = 40;

/**
 * Pure: null where two prompts say the same.
 * @param one what was captured of a request: its body in the dialect of Anthropic or OpenAI, or its `ChatInput`
 */
export function firstDifference(one: unknown, other: unknown): FirstDifference | null {
  const [ones, others] = [blocksOf(one), blocksOf(other)];
  const index = ones.findIndex((block, at) => block.text !== others[at]?.text);
  if (index < 0 && ones.length >= others.length) return null;
  const block = ones[index] ?? others[ones.length];
  const [text, otherText] =
    index < 0 ? ['', block?.text ?? ''] : [ones[index]?.text ?? '', others[index]?.text ?? ''];
  let at = 0;
  while (at < text.length && text[at] === otherText[at]) at += 1;
  // Never between the halves of one character.
  if (/[\uDC00-\uDFFF]/.test(text[at] ?? otherText[at] ?? '')) at -= 1;
  return {
    place: block?.place ?? 'message',
    before: text.slice(Math.max(0, at - shownBefore), at),
    one: text.slice(at, at + shownBehind),
    other: otherText.slice(at, at + shownBehind),
  };
}

function blocksOf(body: unknown): readonly PromptBlock[] {
  if (!isObject(body)) return [];
  if (isInput(body)) return chatBlocks(body).blocks;
  const isAnthropic = body['system'] !== undefined || hasInputSchema(body['tools']);
  return (isAnthropic ? anthropicBlocks(body) : openaiBlocks(body)).blocks;
}

/** Bodies have no member of this name. */
function isInput(value: object): value is ChatInput {
  return 'kind' in value && (value.kind === 'chat' || value.kind === 'text');
}

function hasInputSchema(tools: unknown): boolean {
  return Array.isArray(tools) && tools.some((tool) => isObject(tool) && tool['input_schema'] !== undefined);
}
