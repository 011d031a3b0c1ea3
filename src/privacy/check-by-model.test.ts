import { describe, expect, test } from 'vitest';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { NearfarError } from '../chat/error.ts';
import { createKeyedHash } from '../promptcache/keyed-hash.ts';
import { createCheckByModel } from './check-by-model.ts';

const request = { id: 'r', requestedModel: 'far', privacy: 'open', tenant: 'team' } as const;
const caller = { keyName: 'ana' };
const body = (text: string) => ({ messages: [{ role: 'user', content: text }] });

function checkThat(answer: (request: ChatRequest) => readonly ChatPart[] | Error) {
  const asked: ChatRequest[] = [];
  const check = createCheckByModel({
    createId: () => `check-${asked.length}`,
    hash: createKeyedHash(new Uint8Array(32)),
    async *ask(one) {
      asked.push(one);
      const parts = answer(one);
      if (parts instanceof Error) throw parts;
      yield* parts;
    },
  });
  return { asked, check };
}
const says = (text: string): readonly ChatPart[] => [{ type: 'text-delta', choice: 0, text }];

describe('the check by a model', () => {
  test('asks the near model, for nobody else to see', async () => {
    const { asked, check } = checkThat(() => says('{"private": false}'));
    expect(await check(body('What is two and three?'), request, caller)).toBe(false);
    expect(asked).toMatchObject([
      {
        requestedModel: 'near',
        privacy: 'local_only',
        dialect: 'internal',
        tenant: 'team',
        answerCache: 'off',
      },
    ]);
    expect(JSON.stringify(asked[0]?.input)).toContain('What is two and three?');
  });

  test.each([
    ['yes', says('{"private": true}')],
    ['a doubt', says('{"private": maybe}')],
    ['nothing', []],
    ['more than an answer', says('{"private": false} {"private": true}')],
    [
      'an error',
      [{ type: 'error', error: new NearfarError('unavailable', 'x') }] satisfies readonly ChatPart[],
    ],
    ['a failure', new Error('x')],
  ])('%s is a yes', async (_, answer) => {
    expect(await checkThat(() => answer).check(body('Hello'), request, caller)).toBe(true);
  });

  test('a harmless text is asked about once a tenant; a sensitive one again', async () => {
    const { asked, check } = checkThat((one) =>
      says(`{"private": ${JSON.stringify(one.input).includes('my boss')}}`),
    );
    for (const text of ['Hello', 'Hello', 'of my boss', 'of my boss'])
      await check(body(text), request, caller);
    await check(body('Hello'), { ...request, tenant: 'other' }, caller);
    expect(asked).toHaveLength(4);
  });

  test('every piece of a long text is asked about, and one that is too long is a yes', async () => {
    const { asked, check } = checkThat(() => says('{"private":false}'));
    const long = Array.from({ length: 3000 }, (_, index) => String(index)).join(' ');
    expect(await check(body(long), request, caller)).toBe(false);
    expect(asked).toHaveLength(3);
    expect(await check(body('word '.repeat(30_000)), request, caller)).toBe(true);
    expect(asked).toHaveLength(3);
  });
});
