import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chatHelp, parseChatLine } from './chat-command.ts';

describe('parseChatLine', () => {
  it('knows every command that the help names', () => {
    const words = chatHelp.match(/^\/\w+/gm) ?? [];
    expect(words.length).toBeGreaterThan(5);
    for (const word of words) expect(parseChatLine(word).kind, word).toBe(word.slice(1));
  });

  it('keeps arguments as they were typed', () => {
    expect(parseChatLine(' /system  Be  brief. ')).toEqual({ kind: 'system', text: 'Be  brief.' });
    expect(parseChatLine('/model qwen3-4b')).toEqual({ kind: 'model', name: 'qwen3-4b' });
    expect(parseChatLine('/save')).toEqual({ kind: 'save', file: null });
    expect(parseChatLine('/nonsense')).toEqual({ kind: 'unknown', word: '/nonsense' });
  });

  it('says everything else as it is, a doubled slash as one', () => {
    expect(parseChatLine('//etc')).toEqual({ kind: 'say', text: '/etc' });
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        fc.pre(text.trim() !== '' && !text.trim().startsWith('/'));
        expect(parseChatLine(text)).toEqual({ kind: 'say', text: text.trim() });
      }),
    );
  });
});
