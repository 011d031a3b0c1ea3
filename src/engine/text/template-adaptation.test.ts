import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../chat/request.ts';
import { foldSystem, mergeNeighbours } from './template-adaptation.ts';

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
