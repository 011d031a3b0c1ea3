import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { beginStream, fakeUpstream, openaiChunk, sendJson, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** One name for a model at two upstreams: who is asked, by what it is expected to cost. */

let dear: FakeUpstream;
let cheap: FakeUpstream;
let far: FarGateway;
/** Tokens of the prompt that the dear one says it read from its cache. */
let held = 0;

/** "Yes", whole or as a stream, as it is asked for. */
const answer =
  (cachedTokenCount: () => number): FakeUpstream['respond'] =>
  (response, request) => {
    const tokens = Math.ceil(request.text.length / 4);
    const usage = {
      prompt_tokens: tokens,
      completion_tokens: 10,
      prompt_tokens_details: { cached_tokens: Math.min(tokens, cachedTokenCount()) },
    };
    if (request.body['stream'] === true) {
      beginStream(response);
      response.write(openaiChunk({ role: 'assistant', content: 'Yes' }) + openaiChunk({}, 'stop'));
      response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
      return;
    }
    sendJson(response, 200, {
      id: 'chatcmpl-x',
      object: 'chat.completion',
      model: 'big',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Yes' }, finish_reason: 'stop' }],
      usage,
    });
  };

beforeAll(async () => {
  dear = await fakeUpstream(answer(() => held));
  cheap = await fakeUpstream(answer(() => 0));
  const upstreamOf = (name: string, { url }: FakeUpstream, input: number) => ({
    name,
    baseUrl: `${url}/v1`,
    models: [{ name: 'big', price: { input, output: 10, cacheRead: input / 10 } }],
    retries: 0,
  });
  far = await farGateway({
    logLevel: 'error',
    upstreams: [upstreamOf('dear', dear, 5), upstreamOf('cheap', cheap, 4)],
    groups: { 'any-big': ['dear/big', 'cheap/big'] },
    aliases: { work: 'any-big' },
  });
});

beforeEach(() => {
  dear.arrived.length = 0;
  cheap.arrived.length = 0;
  dear.respond = answer(() => held);
  cheap.respond = answer(() => 0);
});

afterAll(async () => {
  await far.close();
  await Promise.all([dear.close(), cheap.close()]);
});

const rules = 'Rule of the house. '.repeat(2000);

async function ask(opening: string, turns: number, model = 'any-big'): Promise<string> {
  const messages = [
    { role: 'system', content: rules },
    { role: 'user', content: opening },
    ...Array.from({ length: turns }, (_, index) => [
      { role: 'assistant', content: 'Yes' },
      { role: 'user', content: `Go on ${index}.` },
    ]).flat(),
  ];
  const response = await fetch(`${far.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages, max_tokens: 20 }),
  });
  expect(response.status, await response.clone().text()).toBe(200);
  return response.headers.get('x-nearfar-model') ?? '';
}

/** One that failed is left alone for three seconds. */
const rested = () => sleep(3100);

describe('a group', () => {
  it('goes to the cheapest, its bytes untouched but for the name', async () => {
    expect(await ask('First?', 0)).toBe('cheap/big');
    expect(await ask('First?', 0, 'work')).toBe('cheap/big');
    expect(cheap.arrived[0]?.body['model']).toBe('big');
    expect(cheap.arrived[0]?.text.replace('"model":"big"', '"model":"any-big"')).toContain(
      '{"model":"any-big","messages":[{"role":"system","content":"Rule',
    );
    const [row] = await far.rows();
    expect(row?.routeReasons.join()).toMatch(
      /alias work -> any-big.*cheapest of the group.*dear\/big: \d+ millionths/,
    );
  });

  it('keeps a session where its prompt is held, for as long as that is believed', async () => {
    // The cheap one is away for a moment, so the session begins at the dear one.
    cheap.respond = (response) => {
      sendJson(response, 503, { error: { message: 'away' } });
    };
    expect(await ask('Second?', 0)).toBe('dear/big');
    cheap.respond = answer(() => 0);
    held = 9000;
    expect(await ask('Second?', 1)).toBe('dear/big');
    expect(await ask('Second?', 2)).toBe('dear/big');
    // Others go to the cheap one meanwhile.
    await rested();
    expect(await ask('Third?', 0)).toBe('cheap/big');
    // Nothing of it is there any more, time after time: the belief is given up.
    held = 0;
    const models: string[] = [];
    for (let turn = 3; turn < 20; turn += 1) models.push(await ask('Second?', turn));
    expect(models[0]).toBe('dear/big');
    expect(models.at(-1)).toBe('cheap/big');
  });

  it('is listed, and asked of its other models where the first fails', async () => {
    const listed = (await (await fetch(`${far.url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(listed.data.map(({ id }) => id)).toContain('any-big');
    cheap.respond = (response) => {
      sendJson(response, 500, { error: { message: 'broken' } });
    };
    expect(await ask('Fourth?', 0)).toBe('dear/big');
    // It is left alone for a moment, and not asked a second time for the same request.
    expect(cheap.arrived.length).toBe(1);
    expect(await ask('Fifth?', 0)).toBe('dear/big');
    expect(cheap.arrived.length).toBe(1);
  });
});
