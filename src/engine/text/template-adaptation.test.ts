import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../chat/request.ts';
import { foldSystem, mergeNeighbours, separateCalls } from './template-adaptation.ts';

const messages: fc.Arbitrary<Message[]> = fc.array(
  fc.record({
    role: fc.constantFrom('system', 'user', 'assistant'),
    content: fc.stringMatching(/^[a-z]{1,4}$/),
  }),
  { maxLength: 8 },
);

describe('foldSystem', () => {
  it('puts a system text before the user turn that follows it', () => {
    expect(
      foldSystem([
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'system', content: 'Now in French.' },
        { role: 'user', content: 'Bye' },
      ]),
    ).toEqual([
      { role: 'user', content: 'Be brief.\n\nHi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'Now in French.\n\nBye' },
    ]);
    expect(foldSystem([{ role: 'system', content: 'Alone' }])).toEqual([{ role: 'user', content: 'Alone' }]);
  });

  it('leaves no system role and loses no text', () => {
    fc.assert(
      fc.property(messages, (chat) => {
        const folded = foldSystem(chat);
        expect(folded.some((message) => message.role === 'system')).toBe(false);
        const words = (list: readonly Message[]): string[] =>
          list.flatMap((message) => message.content.split('\n\n')).sort();
        expect(words(folded)).toEqual(words(chat));
      }),
    );
  });
});

describe('mergeNeighbours', () => {
  it('alternates and keeps all text in order', () => {
    fc.assert(
      fc.property(messages, (chat) => {
        const merged = mergeNeighbours(chat);
        merged.slice(1).forEach((message, index) => {
          expect(message.role).not.toBe(merged[index]!.role);
        });
        expect(merged.map((message) => message.content).join('\n\n')).toBe(
          chat.map((message) => message.content).join('\n\n'),
        );
      }),
    );
  });
});

describe('separateCalls', () => {
  const call = (id: string, name: string) => ({ id, name, arguments: '{}' });
  const result = (toolCallId: string, content: string): Message => ({
    role: 'tool',
    content,
    toolCallId,
    name: 'f',
  });

  it('gives each call the result behind it, though ids come again with every turn', () => {
    const round = (name: string): Message[] => [
      {
        role: 'assistant',
        content: name,
        reasoning: 'hm',
        toolCalls: [call('0', `${name}0`), call('1', `${name}1`)],
      },
      result('1', `${name} one`),
      result('0', `${name} zero`),
    ];
    const told = separateCalls([...round('a'), ...round('b')]);
    expect(told.map(({ role, content }) => `${role} ${content}`)).toEqual(
      ['a', 'b'].flatMap((name) => [
        `assistant ${name}`,
        `tool ${name} zero`,
        'assistant ',
        `tool ${name} one`,
      ]),
    );
    expect(told.map((message) => ('reasoning' in message ? message.reasoning : null))).toEqual([
      'hm',
      null,
      null,
      null,
      'hm',
      null,
      null,
      null,
    ]);
  });

  it('keeps results that are nobody’s, and leaves single calls alone', () => {
    const single: Message = { role: 'assistant', content: '', toolCalls: [call('0', 'f')] };
    const stray = [single, result('0', 'x'), result('9', 'y')];
    expect(separateCalls(stray)).toEqual(stray);
    const two: Message = { role: 'assistant', content: '', toolCalls: [call('0', 'f'), call('1', 'g')] };
    expect(separateCalls([two, result('9', 'y'), result('1', 'x')]).map(({ content }) => content)).toEqual([
      '',
      '',
      'x',
      'y',
    ]);
  });
});
