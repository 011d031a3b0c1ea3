import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatInput, Message } from '../../chat/request.ts';
import { exchangeOf, turnsOf } from './message-turns.ts';
import { cutPrompt, shortenedText } from './prompt-cut.ts';

/** A template of one token a character, with 4 for each message and 3 for the new turn. */
async function read(input: ChatInput): Promise<Int32Array> {
  if (input.kind !== 'chat') throw new Error('only chats are read anew');
  const length = input.messages.reduce((sum, { content }) => sum + content.length + 4, 3);
  return new Int32Array(length);
}

const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string, ...ids: string[]): Message => ({
  role: 'assistant',
  content,
  ...(ids.length > 0 && { toolCalls: ids.map((id) => ({ id, name: 'f', arguments: '{}' })) }),
});
const tool = (id: string, content: string): Message => ({ role: 'tool', toolCallId: id, name: 'f', content });
const system = (content: string): Message => ({ role: 'system', content });

async function cut(messages: readonly Message[], limit: number) {
  const seen: (readonly Message[])[] = [];
  const input: ChatInput = { kind: 'chat', messages };
  const result = await cutPrompt({
    input,
    tokens: await read(input),
    limit,
    read: (one) => {
      if (one.kind === 'chat') seen.push(one.messages);
      return read(one);
    },
  });
  const kept =
    seen.findLast((one) => one.length === messages.length - (result?.omittedMessageCount ?? 0)) ?? [];
  return { result, kept, seen };
}

describe('turns', () => {
  it('begin with a user, and keep calls and results together', () => {
    const messages = [
      system('s'),
      user('1'),
      assistant('', 'a', 'b'),
      tool('a', 'x'),
      user('2'),
      tool('b', 'late'),
      system('note'),
      user('3'),
    ];
    const { head, turns } = turnsOf(messages);
    expect(head).toEqual([system('s')]);
    expect(turns.map((turn) => turn.length)).toEqual([5, 2]);
    expect(turns.flat()).toEqual(messages.slice(1));
    const { opening, steps } = exchangeOf([user('q'), assistant('', 'a'), tool('a', 'x'), assistant('done')]);
    expect(opening).toEqual([user('q')]);
    expect(steps.map((step) => step.length)).toEqual([2, 1]);
  });

  it('lose nothing and part no call from its result, whatever comes', () => {
    const kinds = fc.array(fc.constantFrom('user', 'assistant', 'call', 'result', 'system'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(kinds, (list) => {
        const calls: string[] = [];
        const messages = list.map((kind, index): Message => {
          if (kind === 'call') calls.push(String(index));
          const id = calls[index % Math.max(1, calls.length)];
          if (kind === 'result' && id !== undefined) return tool(id, 'r');
          if (kind === 'call') return assistant('', String(index));
          if (kind === 'system') return system('s');
          return kind === 'assistant' ? assistant('a') : user('u');
        });
        const { head, turns } = turnsOf(messages);
        expect([...head, ...turns.flat()]).toEqual(messages);
        for (const turn of turns) {
          const made = turn.flatMap((one) =>
            one.role === 'assistant' ? (one.toolCalls ?? []).map(({ id }) => id) : [],
          );
          for (const one of turn) if (one.role === 'tool') expect(made).toContain(one.toolCallId);
        }
      }),
    );
  });
});

describe('a conversation that is too long', () => {
  const talk = [
    system('be brief'),
    user('a'.repeat(20)),
    assistant('b'.repeat(20)),
    user('c'.repeat(20)),
    assistant('d'.repeat(20)),
    user('newest'),
  ];

  it('loses its oldest turns, as few as will do', async () => {
    const full = (await read({ kind: 'chat', messages: talk })).length;
    const { result, kept } = await cut(talk, full - 1);
    expect(kept).toEqual([talk[0], ...talk.slice(3)]);
    expect(result).toMatchObject({ omittedTokenCount: 48, omittedMessageCount: 2 });
    const shorter = await cut(talk, full - 49);
    expect(shorter.kept).toEqual([talk[0], talk[5]]);
    expect(shorter.result?.omittedMessageCount).toBe(4);
  });

  it('then the earlier calls of the last turn, each with its results', async () => {
    const agent = [
      system('s'),
      user('find it'),
      assistant('', '1'),
      tool('1', 'x'.repeat(100)),
      assistant('', '2'),
      tool('2', 'y'.repeat(100)),
      assistant('', '3'),
      tool('3', 'z'.repeat(100)),
    ];
    const { kept, result } = await cut(agent, 250);
    expect(kept).toEqual([...agent.slice(0, 2), ...agent.slice(4)]);
    expect(result?.omittedMessageCount).toBe(2);
  });

  it('then the middle of its longest texts, with a note', async () => {
    const { kept, result } = await cut([system('s'), user(`${'a'.repeat(500)}${'z'.repeat(500)}`)], 400);
    const content = kept[1]?.content ?? '';
    expect(content).toMatch(/^a+\n\[\.\.\. \d+ characters left out \.\.\.\]\nz+$/);
    expect(result?.tokens.length).toBeLessThanOrEqual(400);
    expect(result?.tokens.length).toBeGreaterThan(350);
    expect(result?.omittedMessageCount).toBe(0);
  });

  it('is refused where the system text leaves no room, or what is to be continued', async () => {
    expect((await cut([system('s'.repeat(500)), user('hello')], 400)).result).toBeNull();
    expect((await cut([user('hello'), assistant('b'.repeat(500))], 400)).result).toBeNull();
  });

  it('fits whenever it is not refused, and keeps system text and newest message', async () => {
    const message = fc.record({ isUser: fc.boolean(), length: fc.integer({ min: 0, max: 300 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 900 }),
        async (list, limit) => {
          const messages = [
            system('rules'),
            ...list.map(({ isUser, length }) => (isUser ? user : assistant)('x'.repeat(length))),
            user('the newest'),
          ];
          const full = (await read({ kind: 'chat', messages })).length;
          fc.pre(full > limit);
          const { result, seen } = await cut(messages, limit);
          if (result === null) return;
          expect(result.tokens.length).toBeLessThanOrEqual(limit);
          expect(result.omittedTokenCount).toBe(full - result.tokens.length);
          for (const kept of seen) {
            expect(kept[0]).toEqual(messages[0]);
            expect(kept.at(-1)?.content).toContain('newest');
          }
        },
      ),
    );
  });
});

describe('raw text and tokens', () => {
  it('keep their first and last half', async () => {
    const tokens = Int32Array.from({ length: 100 }, (_, index) => index);
    const input: ChatInput = { kind: 'text', text: '' };
    const result = await cutPrompt({ input, tokens, limit: 5, read });
    expect([...(result?.tokens ?? [])]).toEqual([0, 1, 2, 98, 99]);
    expect(result).toMatchObject({ omittedTokenCount: 95, omittedMessageCount: 0 });
  });

  it('are not cut where the middle is to be filled', async () => {
    const input: ChatInput = { kind: 'text', text: 'a', suffix: 'b' };
    expect(await cutPrompt({ input, tokens: new Int32Array(100), limit: 5, read })).toBeNull();
  });

  it('are never cut through a character', () => {
    for (let chars = 64; chars < 80; chars++) {
      expect(shortenedText('😀'.repeat(200), chars)).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
      expect(shortenedText(`x${'😀'.repeat(200)}`, chars).isWellFormed()).toBe(true);
    }
    expect(shortenedText('short', 64)).toBe('short');
  });
});
