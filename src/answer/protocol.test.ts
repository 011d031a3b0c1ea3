import { describe, expect, it } from 'vitest';
import type { ChatPart } from '../chat/part.ts';
import { createPartCheck } from './protocol.ts';

const start: ChatPart = {
  type: 'start',
  model: 'm',
  grade: 'basic',
  promptTokenCount: 1,
  cachedTokenCount: 0,
};
const begin = (call: number): ChatPart => ({ type: 'tool-call-start', choice: 0, call, id: 'a', name: 'f' });
const argue = (call: number): ChatPart => ({ type: 'tool-call-delta', choice: 0, call, arguments: '{' });
const end = (call: number): ChatPart => ({ type: 'tool-call-end', choice: 0, call });
const thought: ChatPart = { type: 'reasoning-delta', choice: 0, text: 'hm' };
const text: ChatPart = { type: 'text-delta', choice: 0, text: 'so' };
const ended: ChatPart = { type: 'choice-end', choice: 0, reason: 'tool_calls' };

/** The first complaint; null where all parts may pass. */
function complaint(parts: readonly ChatPart[]): string | null {
  const check = createPartCheck(1);
  for (const part of parts) {
    const wrong = check(part);
    if (wrong !== null) return wrong;
  }
  return null;
}

describe('the order of calls', () => {
  it('is one after another, with text between them, and the last perhaps cut short', () => {
    expect(complaint([start, thought, text, begin(0), argue(0), end(0), text, begin(1), ended])).toBeNull();
  });

  it.each<[string, readonly ChatPart[]]>([
    ['a piece before the start', [argue(0)]],
    ['reasoning before the start', [thought]],
    ['a piece of no call', [start, argue(0)]],
    ['an end of no call', [start, end(0)]],
    ['a piece after the end', [start, begin(0), end(0), argue(0)]],
    ['a piece of another call', [start, begin(0), end(0), begin(1), argue(0)]],
    ['a call out of turn', [start, begin(1)]],
    ['a call twice', [start, begin(0), end(0), begin(0)]],
    ['a call after the choice has ended', [start, ended, begin(0)]],
    ['a call of a choice that is not there', [start, { ...begin(0), choice: 1 } as ChatPart]],
  ])('is not %s', (_what, parts) => {
    expect(complaint(parts)).not.toBeNull();
  });
});
