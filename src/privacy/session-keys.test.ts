import { describe, expect, test } from 'vitest';
import { createKeyedHash } from '../promptcache/keyed-hash.ts';
import { answeredKey, sessionKeys } from './session-keys.ts';

const hash = createKeyedHash(new Uint8Array(32));
const begun = (value: unknown, tenant = 'team') => {
  const { opening, answered } = sessionKeys(hash, tenant, [], value);
  return [...(opening === null ? [] : [opening]), ...(answered === null ? [] : [answered])];
};
const turns = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Who was Ada?' },
  { role: 'assistant', content: 'A mathematician.' },
  { role: 'user', content: 'And then?' },
];

describe('the keys of a session', () => {
  test('a later turn has the key of the first', () => {
    const [opening] = begun({ messages: turns.slice(0, 2) });
    const later = begun({ messages: turns });
    expect(later[0]).toBe(opening);
    expect(later).toHaveLength(2);
    expect(begun({ messages: [...turns, turns[2], turns[3]] })).toEqual(later);
  });

  test('the same conversation is the same session in every dialect, and as our own request', () => {
    const own = begun({ input: { kind: 'chat', messages: turns } });
    expect(begun({ messages: turns })).toEqual(own);
    const parts = turns
      .slice(1)
      .map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] }));
    expect(begun({ system: 'Be brief.', messages: parts })).toEqual(own);
    expect(begun({ instructions: 'Be brief.', input: turns.slice(1) })).toEqual(own);
    expect(begun({ messages: [{ role: 'developer', content: 'Be brief.' }, ...turns.slice(1)] })).toEqual(
      own,
    );
  });

  test('differs by tenant, by what was asked and by what was answered', () => {
    const one = begun({ messages: turns });
    expect(begun({ messages: turns }, 'other')).not.toEqual(one);
    const otherAnswer = turns.map((turn) =>
      turn.role === 'assistant' ? { ...turn, content: 'A poet.' } : turn,
    );
    expect(begun({ messages: otherAnswer })[0]).toBe(one[0]);
    expect(begun({ messages: otherAnswer })[1]).not.toBe(one[1]);
  });

  test('what an answer will make of a beginning is known when it is given', () => {
    const [, later] = begun({ messages: turns });
    const opening = { input: { kind: 'chat', messages: turns.slice(0, 2) } };
    expect(answeredKey(hash, 'team', opening, 'A mathematician.\n')).toBe(later);
    expect(answeredKey(hash, 'team', { messages: turns }, 'More.')).toBeNull();
    const call = { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function' }] };
    expect(answeredKey(hash, 'team', opening, 'call_1')).toBe(
      begun({ messages: [...turns.slice(0, 2), call] })[1],
    );
  });

  test('names are told apart by tenant, and a prompt without turns begins nothing', () => {
    const named = (tenant: string) => sessionKeys(hash, tenant, ['header a'], { prompt: 'x' });
    expect(named('team').named).not.toEqual(named('other').named);
    expect(named('team')).toMatchObject({ opening: null, answered: null });
    expect(JSON.stringify(named('team'))).not.toContain('header');
  });
});
