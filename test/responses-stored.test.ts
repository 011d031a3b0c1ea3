import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NearfarError } from '../src/chat/error.ts';
import type { ChatPart } from '../src/chat/part.ts';
import { createApp } from '../src/http/app.ts';
import {
  fakeGateway,
  fakeStart,
  fakeTimings,
  fakeUsage,
  hello,
  listeningFakeGateway,
} from './fake-gateway.ts';

/** Responses that are asked for again and gone on from, by the official client. */

type Gateway = Awaited<ReturnType<typeof listeningFakeGateway>>;

let gateway: Gateway;
let client: OpenAI;
const tenants = ['one', 'two'] as const;

beforeAll(async () => {
  gateway = await listeningFakeGateway(
    async function* (request): AsyncGenerator<ChatPart> {
      if (request.input.kind === 'chat' && request.input.toolUse !== undefined) {
        yield fakeStart;
        yield { type: 'tool-call-start', choice: 0, call: 0, id: 'call_a', name: 'weather' };
        yield { type: 'tool-call-delta', choice: 0, call: 0, arguments: '{}' };
        yield { type: 'tool-call-end', choice: 0, call: 0 };
        yield { type: 'choice-end', choice: 0, reason: 'tool_calls' };
        yield { type: 'finish', usage: fakeUsage, timings: fakeTimings };
      } else yield* hello(request);
    },
    {
      access: {
        authenticate: (secret) => {
          const tenant = tenants.find((name) => name === secret) ?? 'local';
          return { keyName: tenant, tenant, scopes: new Set(['use']) };
        },
      },
    },
  );
  client = clientOf('one');
});

afterAll(() => gateway.server.close(100));

function clientOf(apiKey: string): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${gateway.server.url}/v1`, maxRetries: 0 });
}

function seenMessages(): unknown {
  const input = gateway.seen.requests.at(-1)?.input;
  return input?.kind === 'chat' ? input.messages : null;
}

describe('a stored response', () => {
  it.each([false, true])('is gone on from, without its instructions (streamed: %s)', async (stream) => {
    const ask = (body: { input: string; instructions?: string; previous_response_id?: string }) =>
      stream
        ? client.responses.stream({ model: 'auto', ...body }).finalResponse()
        : client.responses.create({ model: 'auto', ...body });
    const first = await ask({ instructions: 'Be rude.', input: 'One' });
    const second = await ask({ input: 'Two', previous_response_id: first.id });
    const third = await ask({
      instructions: 'Be kind.',
      input: 'Three',
      previous_response_id: second.id,
    });
    expect(third).toMatchObject({ previous_response_id: second.id, store: true });
    expect(seenMessages()).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'Hello, wörld!' },
      { role: 'user', content: 'Two' },
      { role: 'assistant', content: 'Hello, wörld!' },
      { role: 'user', content: 'Three' },
    ]);
  });

  it('waits for the results of its calls', async () => {
    const tools = [{ type: 'function' as const, name: 'weather', parameters: null, strict: null }];
    const first = await client.responses.create({ model: 'auto', input: 'Weather?', tools });
    await client.responses.create({
      model: 'auto',
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id: 'call_a', output: 'cold' }],
    });
    expect(seenMessages()).toMatchObject([
      { role: 'user' },
      { role: 'assistant', toolCalls: [{ id: 'call_a', name: 'weather' }] },
      { role: 'tool', content: 'cold', name: 'weather' },
    ]);
  });

  it('is given again as it was, with its input in pages, until it is deleted', async () => {
    const made = await client.responses.create({
      model: 'auto',
      metadata: { a: 'b' },
      input: [
        { role: 'user', content: 'One' },
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: [{ type: 'input_text', text: 'Two' }] },
      ],
    });
    expect(await client.responses.retrieve(made.id)).toEqual(made);
    const listed: object[] = [];
    for await (const item of client.responses.inputItems.list(made.id, { limit: 2, order: 'asc' })) {
      listed.push(item);
    }
    expect(listed).toMatchObject([
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'One' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi.' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Two' }] },
    ]);
    const newest = await client.responses.inputItems.list(made.id);
    expect(newest.data.map(({ id }) => id)).toEqual(
      listed.map((item) => (item as { id: string }).id).reverse(),
    );
    await client.responses.delete(made.id);
    await expect(client.responses.retrieve(made.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(client.responses.delete(made.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('gives single items to later requests by their ids', async () => {
    const made = await client.responses.create({ model: 'auto', input: 'One' });
    const [item] = made.output;
    await client.responses.create({
      model: 'auto',
      input: [
        { type: 'item_reference', id: item?.id ?? '' },
        { role: 'user', content: 'Why?' },
      ],
    });
    expect(seenMessages()).toEqual([
      { role: 'assistant', content: 'Hello, wörld!' },
      { role: 'user', content: 'Why?' },
    ]);
    const lost = client.responses.create({ model: 'auto', input: [{ type: 'item_reference', id: 'msg_1' }] });
    await expect(lost).rejects.toMatchObject({ status: 400, param: 'input[0].id' });
  });

  it('is nobody else’s', async () => {
    const made = await client.responses.create({ model: 'auto', input: 'One' });
    const other = clientOf('two');
    await expect(other.responses.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
    await expect(other.responses.inputItems.list(made.id)).rejects.toMatchObject({ status: 404 });
    await expect(other.responses.delete(made.id)).rejects.toMatchObject({ status: 404 });
    const asked = other.responses.create({ model: 'auto', input: 'x', previous_response_id: made.id });
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'previous_response_id' });
    const [item] = made.output;
    const taken = other.responses.create({
      model: 'auto',
      input: [{ type: 'item_reference', id: item?.id ?? '' }],
    });
    await expect(taken).rejects.toMatchObject({ status: 400 });
    expect((await client.responses.retrieve(made.id)).id).toBe(made.id);
  });
});

describe('nothing is stored', () => {
  const local = { headers: { 'x-nearfar-privacy': 'local_only' } };

  it('of what the client says so of, and of what is local_only', async () => {
    const unstored = await client.responses.create({ model: 'auto', input: 'x', store: false });
    const private_ = await client.responses.create({ model: 'auto', input: 'x' }, local);
    for (const made of [unstored, private_]) {
      expect(made).toMatchObject({ store: false });
      await expect(client.responses.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
    }
  });

  it('where it may not be, and who insists is told so', async () => {
    const insisting = client.responses.create({ model: 'auto', input: 'x', store: true }, local);
    await expect(insisting).rejects.toMatchObject({ status: 400, param: 'store' });
    const { keptResponses: _, ...without } = fakeGateway().dependencies;
    const app = createApp(without);
    const ask = (body: object) =>
      app.request('/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'auto', input: 'x', ...body }),
      });
    expect((await ask({ store: true })).status).toBe(400);
    expect((await ask({ previous_response_id: 'resp_x' })).status).toBe(400);
    expect(await (await ask({})).json()).toMatchObject({ store: false });
  });

  it('where the database fails: the answer says so, and is given all the same', async () => {
    const kept = fakeGateway().dependencies.keptResponses;
    if (kept === undefined) throw new Error('nothing is kept');
    const failing = fakeGateway(hello, {
      keptResponses: {
        ...kept,
        keep: () => Promise.reject(new NearfarError('internal', 'The disk is full.')),
      },
    });
    for (const stream of [false, true]) {
      const response = await failing.app.request('/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'auto', input: 'x', stream }),
      });
      const text = await response.text();
      const last = stream
        ? (text
            .split('\n')
            .findLast((line) => line.startsWith('data: '))
            ?.slice(6) ?? '')
        : text;
      expect(JSON.parse(last)).toMatchObject(stream ? { response: { store: false } } : { store: false });
    }
    expect(failing.seen.reported.map(({ message }) => message)).toEqual([
      'The disk is full.',
      'The disk is full.',
    ]);
  });
});
