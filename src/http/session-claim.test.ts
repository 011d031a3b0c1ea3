import { describe, expect, test } from 'vitest';
import { localCaller } from '../access/create-access.ts';
import type { Call } from './operation.ts';
import { readSession } from './session-claim.ts';

const call = (
  body: unknown,
  headers: Record<string, string> = {},
  found?: readonly string[],
): Call<unknown> => ({
  body,
  caller: localCaller,
  requestId: 'req_1',
  arrivedAt: 0,
  headers: new Headers(headers),
  query: new URLSearchParams(),
  pathParameter: () => '',
  signal: new AbortController().signal,
  disconnect: null,
  ...(found === undefined ? {} : { found }),
});

describe('what a request says of its session', () => {
  test('nothing is nothing', () => {
    expect(readSession(call({ messages: [] }))).toBeUndefined();
    expect(readSession(call(null))).toBeUndefined();
  });

  test.each([
    ['our header', {}, { 'x-nearfar-session': 'abc' }, ['header abc']],
    ['Codex', { client_metadata: { session_id: 'm' } }, { session_id: 's' }, ['header s', 'metadata m']],
    ['a label', { metadata: { conversation_id: 'c' } }, {}, ['metadata c']],
    ['Claude Code', { metadata: { user_id: 'user_1_session_2' } }, {}, ['metadata user_1_session_2']],
    ['an earlier response', { previous_response_id: 'resp_1' }, {}, ['response resp_1']],
    ['a conversation', { conversation: { id: 'conv_1' } }, {}, ['conversation conv_1']],
  ])('%s names it', (_, body, headers, ids) => {
    expect(readSession(call(body, headers))?.ids).toEqual(ids);
  });

  test('a user is no session, but what is written there is read', () => {
    expect(readSession(call({ user: 'ana', metadata: { user_id: 'ana' } }))).toEqual({
      ids: [],
      aside: { user: 'ana', metadata: { user_id: 'ana' } },
    });
  });

  test('what was found before goes along', () => {
    expect(readSession(call({}, {}, ['email']))).toEqual({ ids: [], found: ['email'] });
  });

  test.each(['', 'a b', 'x'.repeat(201), 'ü'])('the header %j is a mistake that names it', (name) => {
    expect(() => readSession(call({}, { 'x-nearfar-session': name }))).toThrow(/x-nearfar-session: expected/);
  });
});
