import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNear } from '../../src/browser/create-near.ts';
import { fakeBackend, fakeEnvironment, read } from '../../src/browser/fakes.ts';
import type { GatewayOptions, Near } from '../../src/browser/near.ts';
import { NearfarError } from '../../src/chat/error.ts';
import type { ChatPart } from '../../src/chat/part.ts';
import { failing, fakeStart, fakeUsage, hello, listeningFakeGateway, type Script } from '../fake-gateway.ts';

/** The page's client and the gateway's own routes, with a socket between them and made-up answers behind. */

let script: Script = hello;
let gateway: Awaited<ReturnType<typeof listeningFakeGateway>>;

beforeAll(async () => {
  gateway = await listeningFakeGateway((request, signal) => script(request, signal));
});

afterAll(async () => {
  await gateway.server.close();
});

function nearWith(options: Partial<GatewayOptions> = {}): Near {
  script = hello;
  gateway.seen.requests.length = 0;
  return createNear({
    backends: [],
    environment: fakeEnvironment(),
    gateway: { url: `${gateway.server.url}/v1`, ...options },
  });
}

describe('through the gateway’s own routes', () => {
  test('an answer comes whole, with its usage', async () => {
    const answer = await nearWith().chat('Hello');
    expect(answer).toMatchObject({
      text: 'Hello, wörld!',
      finishReason: 'stop',
      usage: fakeUsage,
      model: 'auto',
    });
    expect(gateway.seen.requests[0]).toMatchObject({ privacy: 'open', dialect: 'openai', isStreamed: true });
  });

  test('all that a page may ask for is understood there', async () => {
    const near = nearWith({ boundary: 'inside' });
    await near
      .chat(
        {
          messages: [
            { role: 'system', content: 'Be kind.' },
            {
              role: 'user',
              content: [
                { type: 'text', text: 'What is it?' },
                {
                  type: 'image_url',
                  image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' },
                },
              ],
            },
            { role: 'assistant', content: 'A dot.' },
          ],
          ...{
            temperature: 0.5,
            top_p: 0.9,
            seed: 7,
            presence_penalty: 1,
            frequency_penalty: -1,
            max_tokens: 9,
            stop: ['x'],
          },
          response_format: { type: 'json_object' },
          tools: [
            {
              type: 'function',
              function: { name: 'look', description: 'Looks.', parameters: { type: 'object' } },
            },
          ],
          tool_choice: { type: 'function', function: { name: 'look' } },
        },
        { privacy: 'local_only' },
      )
      .catch((thrown: unknown) => {
        // "Hello, wörld!" is no JSON; what is looked at is what arrived.
        expect(thrown).toMatchObject({ kind: 'upstream_failed' });
      });
    expect(gateway.seen.requests[0]).toMatchObject({
      privacy: 'local_only',
      input: { startsNewTurn: true, toolUse: { choice: { kind: 'named', name: 'look' } } },
      sampling: { temperature: 0.5, topP: 0.9, seed: 7, presencePenalty: 1, frequencyPenalty: -1 },
      maxTokenCount: 9,
      stop: ['x'],
      outputFormat: { type: 'json_object' },
    });
  });

  test('its refusals keep their kind and field', async () => {
    await expect(nearWith({ model: 'unknown' }).chat('Hello')).rejects.toMatchObject({
      kind: 'model_not_found',
      field: 'model',
    });
    const near = nearWith();
    script = () => failing(new NearfarError('rate_limited', 'Too many.', { retryAfterSeconds: 7 }));
    await expect(near.chat('Hello')).rejects.toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 7 });
  });

  test('what breaks off in its stream is an error, last', async () => {
    const near = nearWith();
    script = async function* (): AsyncGenerator<ChatPart> {
      yield fakeStart;
      yield { type: 'text-delta', choice: 0, text: 'so far' };
      yield { type: 'error', error: new NearfarError('model_crashed', 'lost') };
    };
    const parts = await read(near.stream('Hello'));
    expect(parts.map(({ type }) => type)).toEqual(['start', 'text-delta', 'error']);
  });

  test('an abort in the page aborts the request there', async () => {
    const near = nearWith();
    const before = gateway.seen.abortCount;
    script = async function* (_, signal): AsyncGenerator<ChatPart> {
      yield fakeStart;
      while (!signal.aborted) {
        yield { type: 'text-delta', choice: 0, text: 'on and ' };
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      yield { type: 'error', error: new NearfarError('aborted', 'told to stop') };
    };
    const stream = near.stream('Hello');
    let count = 0;
    for await (const _ of stream) if (++count === 5) stream.abort();
    await expect.poll(() => gateway.seen.abortCount).toBe(before + 1);
  });

  test('vectors', async () => {
    const { vectors, promptTokenCount } = await nearWith().embed(['one', 'two']);
    expect(vectors.map((vector) => vector.length)).toEqual([2, 2]);
    expect(promptTokenCount).toBe(9);
  });

  test('a private request does not get there', async () => {
    const page = fakeBackend({ name: 'page' });
    nearWith();
    const near = createNear({
      backends: [page],
      environment: fakeEnvironment(),
      policy: { prefer: 'far' },
      gateway: { url: `${gateway.server.url}/v1` },
    });
    await near.chat('My IBAN is DE89 3704 0044 0532 0130 00.');
    expect(gateway.seen.requests).toEqual([]);
    expect(page.asked).toHaveLength(1);
    expect((await near.chat('Hello')).usage.completionTokenCount).toBe(fakeUsage.completionTokenCount);
  });
});
