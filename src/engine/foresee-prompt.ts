import type { ChatInput, Message } from '../chat/request.ts';

/** Two beginnings that no tokenizer reads alike. What their prompts have in common holds for whatever is said next. */
const anyWords = ['Yes', '7'] as const;

/**
 * The tokens that the next turn of a conversation will begin with, whatever the user says in it: the prompt as it was, the
 * answer as the chat template writes it down, and what the template puts before the user's words. `null` where it is no
 * conversation.
 * @throws NearfarError where the template refuses another turn
 */
export async function foreseePrompt(
  input: ChatInput,
  answer: string,
  read: (input: ChatInput) => Promise<Int32Array>,
): Promise<readonly number[] | null> {
  if (input.kind !== 'chat') return null;
  const { messages } = input;
  // A last message of the assistant may have been continued, and how the client puts that together is its own affair.
  if (messages.at(-1)?.role === 'assistant') return null;
  const next = (content: string): ChatInput => ({
    ...input,
    messages: [...messages, { role: 'assistant', content: answer }, userMessage(content)],
  });
  const [one, other] = await Promise.all(anyWords.map((words) => read(next(words))));
  if (one === undefined || other === undefined) return null;
  const length = one.findIndex((token, index) => token !== other[index]);
  return Array.from(one.subarray(0, Math.max(0, length)));
}

const userMessage = (content: string): Message => ({ role: 'user', content });
