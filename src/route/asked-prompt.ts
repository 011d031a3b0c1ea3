import type { ChatInput, ChatRequest, Priority } from '../chat/request.ts';
import { byteLength } from '../ledger/byte-length.ts';
import { tokenEstimate } from '../ledger/token-estimate.ts';
import type { RequestFacts } from './route-facts.ts';

/** What a policy reads of a prompt, and what the prompt needs. Never kept. */
export interface AskedPrompt {
  /**
   * What the user asks: the last message of his, with the one before it where it only goes on from that; null where there is no text
   * to read.
   */
  readonly text: string | null;
  /** Where the conversation begins: alike for all its requests; empty where there is none. */
  readonly opening: string;
  readonly needs: RequestFacts['needs'];
  readonly promptTokenCount: number;
  readonly maxTokenCount: number | null;
  readonly choiceCount: number;
  readonly fitsAnyContext: boolean;
  readonly priority: Priority;
  /** Milliseconds since the epoch; null: none. */
  readonly deadlineAt: number | null;
}

type AskedOf = Pick<
  ChatRequest,
  'input' | 'maxTokenCount' | 'choiceCount' | 'outputFormat' | 'contextOverflow' | 'priority' | 'deadlineAt'
>;

/** Pure: of a request in the pipeline's own words. */
export function askedPrompt(request: AskedOf): AskedPrompt {
  const { input, maxTokenCount, choiceCount, outputFormat, contextOverflow, priority, deadlineAt } = request;
  const isChat = input.kind === 'chat';
  return {
    ...textsOf(input),
    needs: {
      tools: isChat && input.toolUse !== undefined,
      media: isChat && input.messages.some((message) => 'parts' in message && hasMedia(message.parts)),
      schema: outputFormat.type !== 'text',
      tokens: input.kind === 'tokens',
    },
    promptTokenCount: tokenCountOf(input),
    maxTokenCount,
    choiceCount,
    fitsAnyContext: contextOverflow !== undefined && contextOverflow !== 'error',
    priority,
    deadlineAt,
  };
}

function textsOf(input: ChatInput): Pick<AskedPrompt, 'text' | 'opening'> {
  if (input.kind === 'tokens') return { text: null, opening: '' };
  if (input.kind === 'text') return { text: input.text, opening: '' };
  const { messages } = input;
  const last = messages.findLast(({ role }) => role === 'user') ?? messages.at(-1);
  const first = messages.findIndex(({ role }) => role === 'user');
  const opening = messages.slice(0, first + 1).map(({ content }) => content);
  // A picture without a word says nothing of what is asked.
  const isUnread = last === undefined || (last.content === '' && 'parts' in last && hasMedia(last.parts));
  if (isUnread) return { text: null, opening: opening.join('\n') };
  const before = messages.slice(0, messages.lastIndexOf(last)).findLast(({ role }) => role === 'user');
  return { text: withBefore(last.content, before?.content), opening: opening.join('\n') };
}

/** Characters of a message that may be too short to say by itself what is asked: "And for n = 7?", "Continue". */
const shortLength = 80;
const goesOn =
  /^\W*(?:and|but|also|so|then|now|ok(?:ay)?|yes|no|why|how come|what about|how about|continue|go on|again|instead|try|do (?:it|that|the same)|same|more|please|explain (?:it|that|this)|make it|fix (?:it|that|this)|is (?:it|that|this)|are (?:they|these|those)|can you|could you)\b|^\W*in \p{L}+[.?!]?$|\b(?:it|that|this|these|those|them|above|previous|again|instead)\b/iu;

/** Pure: a short message that goes on from the one before is as hard as both. */
export function withBefore(text: string, before: string | null | undefined): string {
  if (before === null || before === undefined || before === '') return text;
  return text.length < shortLength && goesOn.test(text) ? `${before}\n${text}` : text;
}

function hasMedia(parts: readonly { readonly type: string }[] | undefined): boolean {
  return parts?.some(({ type }) => type !== 'text') === true;
}

/** What chat templates put around a message. */
const addedPerMessage = 4;

function tokenCountOf(input: ChatInput): number {
  if (input.kind === 'tokens') return input.tokens.length;
  if (input.kind === 'text') return tokenEstimate(byteLength(input.text));
  const texts = input.messages.reduce((sum, message) => {
    const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
    const called = calls.reduce((all, call) => all + call.name.length + call.arguments.length, 0);
    return sum + byteLength(message.content) + called;
  }, 0);
  const tools = input.toolUse === undefined ? 0 : JSON.stringify(input.toolUse.tools).length;
  return tokenEstimate(texts + tools) + addedPerMessage * input.messages.length;
}
