import type { ChatInput, Conversation, Message } from '../../chat/request.ts';
import { exchangeOf, turnsOf } from './message-turns.ts';

/** A prompt that fits because its middle was left out. */
export interface CutPrompt {
  readonly tokens: Int32Array;
  readonly omittedTokenCount: number;
  /** Whole messages. */
  readonly omittedMessageCount: number;
}

export interface PromptCutOptions {
  /** The prompt as it is, and its tokens, which are too many. */
  readonly input: ChatInput;
  readonly tokens: Int32Array;
  /** Most tokens of the result. */
  readonly limit: number;
  readonly read: (input: ChatInput) => Promise<Int32Array>;
}

/** A text shorter than this is not worth leaving: then the prompt is refused. */
const leastKeptChars = 64;

/**
 * Leaves out the middle of a prompt. Of a conversation the system text and the newest messages stay: first go whole turns,
 * from the oldest on; within the last turn, the model's earlier calls with their results; and where a single message is
 * too long, the middle of the longest texts of users and tools, with a note of it in its place. The template is applied
 * anew, so it stays whole. Of raw text and tokens the first and the last half of what fits stay. `null` where even that is
 * too long, and for fill-in-the-middle, whose middle is what is asked for.
 * @throws NearfarError as `read` does
 */
export async function cutPrompt(options: PromptCutOptions): Promise<CutPrompt | null> {
  const { input, tokens, limit } = options;
  if (limit < 1) return null;
  if (input.kind === 'chat') return cutConversation(input, options);
  if (input.kind === 'text' && input.suffix !== undefined) return null;
  const headCount = Math.ceil(limit / 2);
  const kept = new Int32Array(limit);
  kept.set(tokens.subarray(0, headCount));
  kept.set(tokens.subarray(tokens.length - (limit - headCount)), headCount);
  return { tokens: kept, omittedTokenCount: tokens.length - limit, omittedMessageCount: 0 };
}

async function cutConversation(
  conversation: Extract<ChatInput, { kind: 'chat' }>,
  { tokens, limit, read }: PromptCutOptions,
): Promise<CutPrompt | null> {
  const { messages } = conversation;
  const fitted = async (kept: readonly Message[]): Promise<CutPrompt | null> => {
    const cut = await read({ ...conversation, messages: kept });
    if (cut.length > limit) return null;
    return {
      tokens: cut,
      omittedTokenCount: tokens.length - cut.length,
      omittedMessageCount: messages.length - kept.length,
    };
  };

  const { head, turns } = turnsOf(messages);
  const withoutTurns = (count: number): readonly Message[] => [...head, ...turns.slice(count).flat()];
  const byTurns = await fewestLeftOut(turns.length - 1, (count) => fitted(withoutTurns(count)));
  if (byTurns !== null) return byTurns;

  const { opening, steps } = exchangeOf(turns.at(-1) ?? []);
  const withoutSteps = (count: number): readonly Message[] => [
    ...head,
    ...opening,
    ...steps.slice(count).flat(),
  ];
  const bySteps = await fewestLeftOut(steps.length - 1, (count) => fitted(withoutSteps(count)));
  if (bySteps !== null) return bySteps;

  const newest = withoutSteps(Math.max(0, steps.length - 1));
  return longestTexts(newest, conversation, {
    most: Math.ceil((2 * limit * totalLength(messages)) / tokens.length),
    fitted,
  });
}

/** By bisection, for more left out is never longer. At least one is left out; `null` where all that may go do not do. */
async function fewestLeftOut(
  most: number,
  fitted: (count: number) => Promise<CutPrompt | null>,
): Promise<CutPrompt | null> {
  if (most < 1) return null;
  let best = await fitted(most);
  if (best === null) return null;
  let low = 1;
  let high = most;
  while (low < high) {
    const middle = (low + high) >> 1;
    const cut = await fitted(middle);
    if (cut === null) low = middle + 1;
    else {
      best = cut;
      high = middle;
    }
  }
  return best;
}

/** No text of a user or a tool longer than so many characters: the most that fits, to within 1%. */
async function longestTexts(
  messages: readonly Message[],
  conversation: Conversation,
  options: {
    readonly most: number;
    readonly fitted: (kept: readonly Message[]) => Promise<CutPrompt | null>;
  },
): Promise<CutPrompt | null> {
  const { fitted } = options;
  const isCuttable = (message: Message): boolean => message.role === 'user' || message.role === 'tool';
  const shortened = (chars: number): readonly Message[] =>
    messages.map((message) =>
      isCuttable(message) ? { ...message, content: shortenedText(message.content, chars) } : message,
    );
  const longest = Math.max(0, ...messages.filter(isCuttable).map(({ content }) => content.length));
  let low = leastKeptChars;
  let best = longest > low ? await fitted(shortened(low)) : null;
  if (best === null) return null;
  let high = Math.min(longest, Math.max(options.most, 2 * low));
  while (high - low > Math.max(16, low / 100)) {
    const middle = (low + high) >> 1;
    const cut = await fitted(shortened(middle));
    if (cut === null) high = middle;
    else {
      best = cut;
      low = middle;
    }
  }
  return best;
}

/** The first and the last half of so many characters, and between them what is missing. */
export function shortenedText(text: string, chars: number): string {
  if (text.length <= chars) return text;
  let from = Math.ceil(chars / 2);
  let to = text.length - Math.floor(chars / 2);
  // Not through a surrogate pair.
  if (isHigh(text.charCodeAt(from - 1))) from--;
  if (isHigh(text.charCodeAt(to - 1))) to++;
  return `${text.slice(0, from)}\n[... ${to - from} characters left out ...]\n${text.slice(to)}`;
}

function isHigh(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function totalLength(messages: readonly Message[]): number {
  return messages.reduce((sum, { content }) => sum + content.length, 1);
}
