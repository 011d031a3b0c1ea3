import { describe, expect, test, vi } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import { createNear } from './create-near.ts';
import { fakeBackend, partsOf, read, ready, recordingNetwork, refusalOf, textOf } from './fakes.ts';
import { hardText, make } from './fixtures/near.ts';

describe('failures', () => {
  const failing = (error: NearfarError, before: readonly ChatPart[] = []) =>
    fakeBackend({ name: 'page', answer: () => [...before, { type: 'error', error }] });

  test('what fails before anything was shown is asked of another, and the reasons say so', async () => {
    const { near } = make({}, { page: failing(new NearfarError('model_crashed', 'lost')) });
    const answer = await near.chat('Hello');
    expect(answer.text).toBe('from the gateway');
    expect(answer.route.reasons.at(-1)).toBe('page failed (model_crashed) and said nothing');
  });

  test('what failed a moment ago is left alone for a while', async () => {
    const page = failing(new NearfarError('model_crashed', 'lost'));
    const { near } = make({}, { page });
    await near.chat('Hello');
    await near.chat('Hello again');
    expect(page.asked).toHaveLength(1);
  });

  test('what fails after something was shown is over', async () => {
    const begun = partsOf('so far').slice(0, 4);
    const { near, network } = make({}, { page: failing(new NearfarError('model_crashed', 'lost'), begun) });
    const parts = await read(near.stream('Hello'));
    expect(textOf(parts)).toBe('so ');
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { kind: 'model_crashed' } });
    expect(network.sent).toEqual([]);
  });

  test('the gateway down: the page answers what it can', async () => {
    const network = recordingNetwork(() => Promise.reject(new TypeError('Failed to fetch')));
    const { near } = make({}, { network });
    const answer = await near.chat(hardText);
    expect(answer.text).toBe('from page');
    expect(answer.route.reasons.at(-1)).toBe('gateway failed (unavailable) and said nothing');
  });

  test('a bad request is nobody else’s to answer', async () => {
    const network = recordingNetwork(() => refusalOf(400, 'temperature: expected a number'));
    const { near, page } = make({}, { network });
    await expect(near.chat(hardText)).rejects.toMatchObject({ kind: 'invalid_request' });
    expect(page.asked).toEqual([]);
  });

  test('an abort ends the stream with aborted, before and after its beginning', async () => {
    const endless = fakeBackend({
      name: 'page',
      async *answer(_, signal) {
        yield partsOf('x')[0]!;
        while (!signal.aborted) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          yield { type: 'text-delta', choice: 0, text: 'x' };
        }
        yield { type: 'error', error: new NearfarError('aborted', 'told to stop') };
      },
    });
    const { near, network } = make({}, { page: endless });
    const stream = near.stream('Hello');
    const parts: ChatPart[] = [];
    for await (const part of stream) {
      parts.push(part);
      if (parts.length === 3) stream.abort();
    }
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
    const before = near.stream('Hello', { signal: AbortSignal.abort() });
    expect((await read(before)).at(-1)).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
    await expect(before.route).rejects.toMatchObject({ kind: 'aborted' });
    expect(network.sent).toEqual([]);
  });

  test('a reader that leaves stops the model', async () => {
    const stopped = vi.fn();
    const page = fakeBackend({
      name: 'page',
      async *answer() {
        try {
          for (const part of partsOf('a long answer')) yield part;
        } finally {
          stopped();
        }
      },
    });
    for await (const part of make({}, { page }).near.stream('Hello')) if (part.type === 'text-delta') break;
    await vi.waitFor(() => {
      expect(stopped).toHaveBeenCalledOnce();
    });
  });

  test('bad input is named', async () => {
    const { near } = make();
    const bad = (body: object) => near.chat(body as never);
    await expect(bad({ messages: [] })).rejects.toMatchObject({ kind: 'invalid_request', field: 'messages' });
    await expect(bad({ messages: [{ role: 'robot', content: 'x' }] })).rejects.toMatchObject({
      field: 'messages[0].role',
    });
    await expect(bad({ messages: [{ role: 'user', content: 'x' }], temperature: 3 })).rejects.toMatchObject({
      field: 'temperature',
    });
    await expect(bad({ messages: [{ role: 'user', content: 'x' }], logit_bias: {} })).rejects.toMatchObject({
      kind: 'unsupported',
      field: 'logit_bias',
    });
    await expect(bad({ messages: [null] })).rejects.toMatchObject({ kind: 'invalid_request' });
    expect(() => createNear({ policy: { nearBelow: 2 } })).toThrow(/policy\.nearBelow/);
    expect(() => createNear({ backends: [fakeBackend(), fakeBackend()] })).toThrow(/two of them/);
  });

  test('what needs tools or a longer context goes where they are', async () => {
    const small = fakeBackend({ name: 'page', availability: ready({ tools: false, contextTokenCount: 20 }) });
    const { near } = make({}, { page: small });
    const tools = [{ type: 'function', function: { name: 'look' } }] as const;
    const asked = await near.chat({ messages: [{ role: 'user', content: 'Hello' }], tools });
    expect(asked.route).toMatchObject({ backend: 'gateway' });
    expect(asked.route.reasons.join()).toContain('it takes no tools');
    expect((await near.chat('Hello '.repeat(50))).route.reasons.join()).toContain(
      'do not fit its context of 20',
    );
  });
});
