import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  anthropicHello,
  beginStream,
  fakeUpstream,
  openaiHello,
  sendJson,
  type FakeUpstream,
} from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** Clients of the responses API before upstreams: of the same language, and of all others. */

const documented = readFileSync(join(import.meta.dirname, 'fixtures/upstreams/documented-responses.sse'));

let same: FakeUpstream;
let chat: FakeUpstream;
let claude: FakeUpstream;
let lama: FakeUpstream;
let far: FarGateway;
let client: OpenAI;

beforeAll(async () => {
  same = await fakeUpstream(() => undefined);
  chat = await fakeUpstream(openaiHello);
  claude = await fakeUpstream(anthropicHello);
  lama = await fakeUpstream((response) => {
    beginStream(response, 'application/x-ndjson');
    response.write('{"message":{"role":"assistant","content":"Hello there"},"done":false}\n');
    response.end(
      '{"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":2}\n',
    );
  });
  const timeouts = { firstTokenMs: 400, idleMs: 200 };
  far = await farGateway({
    logLevel: 'error',
    // Its key would be put into bodies that have none.
    promptCache: { plan: 'off' },
    aliases: { own: 'same/gpt' },
    upstreams: [
      {
        name: 'same',
        protocol: 'openai-responses',
        preset: 'openai',
        baseUrl: `${same.url}/v1`,
        models: [{ name: 'gpt', price: { input: 1, output: 1 } }],
        timeouts,
        retries: 0,
      },
      { name: 'chat', preset: 'openai', baseUrl: `${chat.url}/v1`, models: ['big'], timeouts },
      { name: 'claude', protocol: 'anthropic', baseUrl: claude.url, models: ['clever'], timeouts },
      { name: 'lama', protocol: 'ollama', baseUrl: lama.url, models: ['llama3.2'], timeouts },
    ],
    fallbacks: { chained: ['chat/big'] },
  });
  client = new OpenAI({ apiKey: 'none', baseURL: `${far.url}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await far.close();
  await Promise.all([same, chat, claude, lama].map((upstream) => upstream.close()));
});

beforeEach(() => {
  for (const upstream of [same, chat, claude, lama]) upstream.arrived.length = 0;
  same.respond = (response) => {
    beginStream(response);
    response.end(documented);
  };
});

function post(text: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${far.url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
  });
}

describe('to an upstream of the same language', () => {
  it('bytes pass in both directions, tools of OpenAI’s own and earlier responses included', async () => {
    const text =
      '{ "input":[{"type":"item_reference","id":"msg_7"}],"stream":true, "tools":[{"type":"web_search"}],\n' +
      '"previous_response_id":"resp_theirs","store":true, "model" : "own","brand_new":{"b":1,"a":2}}';
    const response = await post(text);
    expect(Buffer.from(await response.arrayBuffer()).equals(documented)).toBe(true);
    expect(same.arrived[0]?.path).toBe('/v1/responses');
    expect(same.arrived[0]?.text).toBe(text.replace('"own"', '"gpt"'));
    expect((await far.rows())[0]).toMatchObject({
      requestedModel: 'own',
      answeringModel: 'same/gpt',
      operation: 'chat',
      promptTokenCount: 90,
      cachedTokenCount: 64,
      completionTokenCount: 40,
      finish: 'tool_calls',
      isMeasured: true,
    });
  });

  it.each([
    ['completed', { status: 'completed', output: [] }, 'stop'],
    ['cut', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'length'],
    ['calling', { status: 'completed', output: [{ type: 'function_call' }] }, 'tool_calls'],
  ])('a whole answer passes, and its row says how it ended: %s', async (_what, fields, finish) => {
    const answer = { id: 'resp_1', ...fields, usage: { input_tokens: 10, output_tokens: 5 }, zzz: 1 };
    same.respond = (response) => {
      sendJson(response, 200, answer);
    };
    const response = await post('{"model":"gpt","input":"x"}');
    expect(await response.text()).toBe(JSON.stringify(answer));
    expect((await far.rows())[0]).toMatchObject({ promptTokenCount: 10, completionTokenCount: 5, finish });
  });

  it.each([
    [
      'as an event',
      '{"type":"error","sequence_number":9,"code":"server_error","message":"Out of order.","param":null}',
    ],
    [
      'as its last state',
      '{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"Out of order."}}}',
    ],
  ])('its failure %s is told once, in the same language', async (_what, data) => {
    same.respond = (response) => {
      beginStream(response);
      response.write(documented.subarray(0, documented.indexOf('event: response.output_text.done')));
      setTimeout(() => response.end(`event: x\ndata: ${data}\n\n`), 20);
    };
    const text = await (await post('{"model":"gpt","input":"x","stream":true}')).text();
    expect(text.match(/Out of order/g)).toHaveLength(1);
    expect(text).toMatch(
      /\nevent: error\ndata: \{"type":"error","sequence_number":0,"code":"upstream_failed"/,
    );
    expect((await far.rows())[0]).toMatchObject({ finish: 'upstream_failed' });
  });

  it('nothing crosses the boundary where it is local_only', async () => {
    const response = await post('{"model":"gpt","input":"x"}', { 'x-nearfar-privacy': 'local_only' });
    expect(response.status).toBe(403);
    expect(same.arrived).toEqual([]);
  });
});

describe('to an upstream of another language', () => {
  const body = {
    instructions: 'Be kind.',
    input: [
      { role: 'user' as const, content: 'Weather?' },
      { type: 'function_call' as const, call_id: 'c1', name: 'weather', arguments: '{"city":"Oslo"}' },
      { type: 'function_call_output' as const, call_id: 'c1', output: 'cold' },
    ],
    tools: [{ type: 'function' as const, name: 'weather', parameters: { type: 'object' }, strict: null }],
    reasoning: { effort: 'high' as const },
    max_output_tokens: 2000,
  };

  it.each(['chat/big', 'claude/clever', 'lama/llama3.2'])('the answer is a response: %s', async (model) => {
    const whole = await client.responses.create({ model, ...body });
    expect(whole).toMatchObject({ status: 'completed', output_text: 'Hello there', model });
    const streamed = await client.responses.stream({ model, ...body }).finalResponse();
    expect(streamed.output_text).toBe('Hello there');
    expect(streamed.usage).toEqual(whole.usage);
  });

  it('what is stored here is said to them in full, also to one that stores responses itself', async () => {
    const first = await client.responses.create({ model: 'chat/big', input: 'One' });
    const next = { input: 'Two', previous_response_id: first.id };
    const second = await client.responses.create({ model: 'same/gpt', ...next });
    expect(second).toMatchObject({ previous_response_id: first.id, store: true, output_text: 'One moment.' });
    expect(same.arrived[0]?.body).toMatchObject({
      store: false,
      input: [
        { role: 'user', content: 'One' },
        { role: 'assistant', content: 'Hello there' },
        { role: 'user', content: 'Two' },
      ],
    });
    expect(same.arrived[0]?.body).not.toHaveProperty('previous_response_id');
    expect((await client.responses.retrieve(second.id)).output).toMatchObject(second.output);
    await expect(client.responses.retrieve('resp_theirs')).rejects.toThrow(/upstream are stored there/);
  });

  it('the request says there what it said here', async () => {
    for (const model of ['chat/big', 'claude/clever', 'lama/llama3.2']) {
      await client.responses.create({ model, ...body });
    }
    expect(chat.arrived[0]?.body).toMatchObject({
      max_completion_tokens: 2000,
      reasoning_effort: 'high',
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', tool_calls: [{ id: 'c1', function: { arguments: '{"city":"Oslo"}' } }] },
        { role: 'tool', tool_call_id: 'c1', content: 'cold' },
      ],
    });
    expect(claude.arrived[0]?.body).toMatchObject({
      system: 'Be kind.',
      max_tokens: 2000,
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', input: { city: 'Oslo' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'cold' }] },
      ],
    });
    expect(lama.arrived[0]?.body).toMatchObject({ think: 'high', options: { num_predict: 2000 } });
  });

  it('Anthropic thinks as much as the effort says', async () => {
    const ask = { model: 'claude/clever', input: 'x', max_output_tokens: 8000 };
    await client.responses.create({ ...ask, reasoning: { effort: 'medium' } });
    expect(claude.arrived[0]?.body).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'medium' },
    });
    await client.responses.create({
      ...ask,
      model: 'claude/claude-haiku-4-5',
      reasoning: { effort: 'medium' },
    });
    expect(claude.arrived[1]?.body).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 2000 } });
    expect(claude.arrived[1]?.body).not.toHaveProperty('output_config');
  });

  it('clients of other languages reach a responses upstream', async () => {
    const completion = await client.chat.completions.create({
      model: 'same/gpt',
      messages: [{ role: 'user', content: 'x' }],
      reasoning_effort: 'low',
    });
    expect(completion.choices[0]?.message).toMatchObject({
      content: 'One moment.',
      tool_calls: [{ id: 'call_a' }],
    });
    expect(same.arrived[0]?.body).toMatchObject({ reasoning: { effort: 'low' }, store: false });
  });
});
