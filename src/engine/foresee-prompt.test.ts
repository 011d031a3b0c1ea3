import { describe, expect, it } from 'vitest';
import type { ChatInput } from '../chat/request.ts';
import { foreseePrompt } from './foresee-prompt.ts';

/** A character a token; a turn is its role's first letter, its words and a full stop. */
const read = (input: ChatInput): Promise<Int32Array> => {
  const text =
    input.kind === 'chat'
      ? input.messages.map(({ role, content }) => `${role[0] ?? ''}${content}.`).join('')
      : '';
  return Promise.resolve(Int32Array.from(Buffer.from(`${text}a`)));
};

const chat = (...contents: string[]): ChatInput => ({
  kind: 'chat',
  messages: contents.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content })),
});

const textOf = (tokens: readonly number[] | null) => tokens && String.fromCharCode(...tokens);

describe('what the next turn will begin with', () => {
  it('is the conversation, the answer, and what comes before the words of the user', async () => {
    const tokens = await foreseePrompt(chat('Hi', 'Ho', 'You?'), 'Fine', read);
    expect(textOf(tokens)).toBe('uHi.aHo.uYou?.aFine.u');
  });

  it('is not known of an answer that was continued, or of what is no conversation', async () => {
    expect(await foreseePrompt(chat('Hi', 'Ho'), 'Fine', read)).toBeNull();
    expect(await foreseePrompt({ kind: 'text', text: 'Hi' }, 'Fine', read)).toBeNull();
  });
});
