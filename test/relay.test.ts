import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  anthropicHello,
  beginStream,
  fakeUpstream,
  openaiChunk,
  openaiHello,
  openaiUsageChunk,
  sendJson,
  type FakeUpstream,
} from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** Where client and upstream speak the same dialect, bytes pass. */

const secret = 'sk-owner-0123456789abcdef';
let open: FakeUpstream;
let claude: FakeUpstream;
let ollama: FakeUpstream;
let far: FarGateway;

beforeAll(async () => {
  process.env['RELAY_TEST_KEY'] = secret;
  open = await fakeUpstream(openaiHello);
  claude = await fakeUpstream(anthropicHello);
  ollama = await fakeUpstream(() => undefined);
  const common = { env: 'RELAY_TEST_KEY', timeouts: { firstTokenMs: 400, idleMs: 200 } };
  far = await farGateway({
    logLevel: 'error',
    aliases: { 'gpt-4o': 'open/big' },
    // Nobody reads pictures: here they may leave.
    privacy: { allowMedia: true },
    upstreams: [
      {
        ...common,
        name: 'open',
        baseUrl: `${open.url}/v1`,
        models: [{ name: 'big', price: { input: 1, output: 1 } }],
      },
      { ...common, name: 'claude', protocol: 'anthropic', baseUrl: claude.url, models: ['clever'] },
      { ...common, name: 'lama', protocol: 'ollama', baseUrl: ollama.url, models: ['llama3.2'] },
    ],
  });
});

afterAll(async () => {
  delete process.env['RELAY_TEST_KEY'];
  await far.close();
  await Promise.all([open.close(), claude.close(), ollama.close()]);
});

beforeEach(() => {
  for (const upstream of [open, claude, ollama]) upstream.arrived.length = 0;
  open.respond = openaiHello;
  claude.respond = anthropicHello;
});

async function post(path: string, text: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(far.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer client-own-key', ...headers },
    body: text,
  });
}

describe('a request in the upstream’s own dialect', () => {
  it('arrives byte for byte, what nearfar does not know included', async () => {
    const text =
      '{ "messages":[{"content":[{"type":"image_url","image_url":{"url":"data:x"}},{"type":"text","text":"é\\u00e9"}],' +
      '"role":"user"}],\n "reasoning_effort" : "high", "model":"big", "verbosity":"low","top_p":1.0,\t"brand_new":{"b":1,"a":2} }';
    open.respond = (response) => {
      sendJson(response, 200, {
        model: 'big-2026',
        choices: [{ index: 0, finish_reason: 'length', message: { content: 'x' }, brand_new: true }],
        usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
        zzz: 1,
      });
    };
    const response = await post('/v1/chat/completions', text);
    expect(open.arrived[0]?.text).toBe(text);
    expect(open.arrived[0]?.headers.authorization).toBe(`Bearer ${secret}`);
    expect(await response.text()).toBe(
      '{"model":"big-2026","choices":[{"index":0,"finish_reason":"length","message":{"content":"x"},"brand_new":true}],' +
        '"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15},"zzz":1}',
    );
    expect(response.headers.get('x-nearfar-model')).toBe('open/big');
    expect((await far.rows())[0]).toMatchObject({
      requestedModel: 'big',
      answeringModel: 'open/big',
      upstream: 'open',
      promptTokenCount: 10,
      completionTokenCount: 5,
      costMicros: 15,
      finish: 'length',
      status: 200,
    });
  });

  it.each(['gpt-4o', 'far', 'open/big'])(
    'is changed in the model’s name only where %s was asked',
    async (name) => {
      await post(
        '/v1/chat/completions',
        `{"messages":[{"role":"user","content":"${name}"}],"model" : "${name}","stream":true,"stream_options":{"include_usage":true}}`,
      );
      expect(open.arrived[0]?.text).toBe(
        `{"messages":[{"role":"user","content":"${name}"}],"model" : "big","stream":true,"stream_options":{"include_usage":true}}`,
      );
    },
  );

  it('brings its stream back byte for byte, and its usage is read from the side', async () => {
    const sent =
      `: a comment\r\n\r\n${openaiChunk({ content: 'Hé' })}event: odd\ndata: {"unknown":1,"choices":[]}\n\n` +
      `${openaiChunk({}, 'stop')}${openaiUsageChunk}data: [DONE]\n\n`;
    open.respond = async (response) => {
      beginStream(response);
      // Cut in the middle of characters and events.
      const bytes = Buffer.from(sent);
      for (let at = 0; at < bytes.length; at += 37) {
        response.write(bytes.subarray(at, at + 37));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    };
    const body = { model: 'big', stream: true, stream_options: { include_usage: true }, messages: [] };
    const response = await post('/v1/chat/completions', JSON.stringify(body));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toBe(sent);
    expect((await far.rows())[0]).toMatchObject({
      promptTokenCount: 1000,
      cachedTokenCount: 400,
      completionTokenCount: 200,
      isMeasured: true,
      costMicros: 1200,
      finish: 'stop',
    });
  });

  it('is asked for its usage where the client did not ask, who does not see it', async () => {
    const response = await post(
      '/v1/chat/completions',
      JSON.stringify({ model: 'big', stream: true, messages: [] }),
    );
    const text = await response.text();
    expect(open.arrived[0]?.text).toBe(
      '{"model":"big","stream":true,"messages":[],"stream_options":{"include_usage":true}}',
    );
    expect(text).not.toContain('prompt_tokens');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect((await far.rows())[0]).toMatchObject({ promptTokenCount: 1000, completionTokenCount: 200 });
  });

  it('works for the official clients', async () => {
    const openai = new OpenAI({ apiKey: 'none', baseURL: `${far.url}/v1`, maxRetries: 0 });
    const stream = await openai.chat.completions.create({ model: 'far', stream: true, messages: [] });
    let said = '';
    for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? '';
    expect(said).toBe('Hello there');
    const anthropic = new Anthropic({ apiKey: 'none', baseURL: far.url, maxRetries: 0 });
    const message = await anthropic.beta.messages
      .stream({
        model: 'clever',
        max_tokens: 10,
        betas: ['something-2026-01-01'],
        messages: [
          {
            role: 'user',
            content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral', ttl: '1h' } }],
          },
        ],
      })
      .finalMessage();
    expect(message.content).toMatchObject([{ text: 'Hello there' }]);
    expect(message.model).toBe('far-model-2026');
    expect(claude.arrived[0]?.headers).toMatchObject({
      'x-api-key': secret,
      'anthropic-beta': 'something-2026-01-01',
    });
    expect(claude.arrived[0]?.text).toContain('"cache_control":{"type":"ephemeral","ttl":"1h"}');
    expect((await far.rows())[0]).toMatchObject({
      upstream: 'claude',
      promptTokenCount: 1000,
      costMicros: null,
    });
  });

  it('works in Ollama’s dialect, which streams unless told otherwise', async () => {
    const lines =
      '{"model":"llama3.2","message":{"role":"assistant","content":"Hi"},"done":false}\n' +
      '{"model":"llama3.2","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":3,"extra":1}\n';
    ollama.respond = (response) => {
      beginStream(response, 'application/x-ndjson');
      response.end(lines);
    };
    const text =
      '{"model":"llama3.2","messages":[{"role":"user","content":"x","images":["abc"]}],"think":"high"}';
    const response = await post('/api/chat', text);
    expect(await response.text()).toBe(lines);
    expect(ollama.arrived[0]?.text).toBe(text);
    expect((await far.rows())[0]).toMatchObject({ promptTokenCount: 7, completionTokenCount: 3 });
  });

  it('is relayed for plain completions and embeddings too', async () => {
    open.respond = (response, { path }) => {
      if (path === '/v1/embeddings') {
        sendJson(response, 200, {
          data: [{ embedding: [0.5] }],
          usage: { prompt_tokens: 8, total_tokens: 8 },
        });
        return;
      }
      beginStream(response);
      for (const text of ['one', ' two']) {
        response.write(`data: ${JSON.stringify({ choices: [{ index: 0, text, finish_reason: null }] })}\n\n`);
      }
      response.write('data: {"choices":[{"index":0,"text":"","finish_reason":"length"}]}\n\n');
      response.end(`${openaiUsageChunk}data: [DONE]\n\n`);
    };
    const embedded = await post('/v1/embeddings', '{"input":["a","b"],"model":"far","dimensions":1}');
    expect(await embedded.text()).toContain('"embedding":[0.5]');
    expect(open.arrived[0]?.text).toBe('{"input":["a","b"],"model":"big","dimensions":1}');
    expect((await far.rows())[0]).toMatchObject({
      operation: 'embeddings',
      promptTokenCount: 8,
      costMicros: 8,
    });
    const completed = await post('/v1/completions', '{"prompt":"x","model":"big","stream":true,"echo":true}');
    expect(await completed.text()).toContain('" two"');
    expect(open.arrived[1]?.path).toBe('/v1/completions');
    expect((await far.rows())[0]).toMatchObject({
      operation: 'text_completion',
      finish: 'length',
      completionTokenCount: 200,
    });
    ollama.respond = (response, { path }) => {
      if (path === '/api/embed') {
        sendJson(response, 200, { embeddings: [[0.5]], prompt_eval_count: 4 });
        return;
      }
      beginStream(response, 'application/x-ndjson');
      response.write('{"response":"Hi","done":false}\n');
      response.end('{"response":"","done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":3}\n');
    };
    expect(await (await post('/api/generate', '{"model":"llama3.2","prompt":"x"}')).text()).toContain('"Hi"');
    expect((await far.rows())[0]).toMatchObject({ operation: 'text_completion', completionTokenCount: 3 });
    await post('/api/embed', '{"model":"llama3.2","input":"x"}');
    expect((await far.rows())[0]).toMatchObject({ operation: 'embeddings', promptTokenCount: 4 });
  });

  it('never crosses the boundary where it is local_only, and never carries the client’s key', async () => {
    const before = open.connectionCount();
    const response = await post('/v1/chat/completions', '{"model":"far","messages":[]}', {
      'x-nearfar-privacy': 'local_only',
    });
    expect(response.status).toBe(403);
    expect(open.connectionCount()).toBe(before);
    expect(open.arrived).toEqual([]);
    await post('/v1/chat/completions', '{"model":"far","messages":[],"stream":true}');
    expect(JSON.stringify(open.arrived)).not.toContain('client-own-key');
  });
});

describe('a relayed answer that fails', () => {
  const ask = (stream: boolean) =>
    post('/v1/chat/completions', JSON.stringify({ model: 'big', stream, messages: [] }));

  it.each([true, false])('before its first token is tried again (streamed: %s)', async (stream) => {
    let tries = 0;
    open.respond = (response) => {
      tries += 1;
      if (tries === 1) {
        if (stream) {
          beginStream(response);
          response.write(openaiChunk({ role: 'assistant', content: '' }));
        }
        setTimeout(() => response.destroy(), 10);
      } else if (stream) openaiHello(response);
      else sendJson(response, 200, { choices: [], usage: { prompt_tokens: 1 } });
    };
    const response = await ask(stream);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text.match(/"role":"assistant"/g)?.length ?? 0).toBe(stream ? 1 : 0);
    expect(tries).toBe(2);
  });

  it('in its middle ends in one error of the dialect', async () => {
    open.respond = (response) => {
      beginStream(response);
      response.write(openaiChunk({ content: 'Half' }));
      setTimeout(() => response.destroy(), 10);
    };
    const text = await (await ask(true)).text();
    expect(text).toContain('Half');
    const last = JSON.parse(text.trim().split('\n').at(-1)?.slice(6) ?? '') as object;
    expect(last).toMatchObject({ error: { code: 'upstream_failed' } });
    expect((await far.rows())[0]).toMatchObject({ finish: 'upstream_failed', costMicros: null });
    expect(open.arrived).toHaveLength(1);
  });

  it('by silence ends in one error, and its connection is cut', async () => {
    open.respond = (response) => {
      beginStream(response);
      response.write(openaiChunk({ content: 'Half' }));
    };
    expect(await (await ask(true)).text()).toContain('"code":"timeout"');
    await expect.poll(() => open.arrived[0]?.isCut).toBe(true);
    expect((await far.rows())[0]).toMatchObject({ finish: 'timeout' });
  });

  it.each([
    [400, 400],
    [401, 502],
    [429, 429],
    [500, 502],
  ])('with %i is told as %i, without the key', async (status, told) => {
    open.respond = (response) => {
      sendJson(response, status, { error: { message: `No. ${secret}` } }, { 'retry-after': '100' });
    };
    const response = await ask(true);
    expect(response.status).toBe(told);
    const text = await response.text();
    expect(text).toContain('No. [secret]');
    expect(text).not.toContain(secret);
  });

  it('for the client who goes away closes its row, and the upstream hears of it', async () => {
    open.respond = (response) => {
      beginStream(response);
      response.write(openaiChunk({ content: 'Half' }));
      const timer = setInterval(() => response.write(openaiChunk({ content: '.' })), 20);
      response.on('close', () => {
        clearInterval(timer);
      });
    };
    const stop = new AbortController();
    const response = await fetch(`${far.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'big', stream: true, messages: [] }),
      signal: stop.signal,
    });
    await response.body?.getReader().read();
    stop.abort();
    await expect.poll(() => open.arrived.at(-1)?.isCut).toBe(true);
    await expect.poll(async () => (await far.rows())[0]?.finish).toBe('aborted');
  });

  for (const way of ['passed on', 'put into parts'] as const) {
    it(`given up before its first token (${way}) costs its prompt, estimated`, async () => {
      const before = (await far.rows()).length;
      open.respond = () => undefined;
      const stop = new AbortController();
      const path = way === 'passed on' ? '/v1/chat/completions' : '/v1/messages';
      const asked = fetch(far.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'big',
          max_tokens: 5,
          stream: true,
          messages: [{ role: 'user', content: 'word '.repeat(400) }],
        }),
        signal: stop.signal,
      }).catch(() => null);
      await expect.poll(() => open.arrived.length).toBe(1);
      stop.abort();
      await asked;
      await expect.poll(async () => (await far.rows()).length).toBe(before + 1);
      const row = (await far.rows()).find(({ requestId: id, finish }) => id !== '' && finish === 'aborted');
      expect(row).toMatchObject({ isMeasured: false, completionTokenCount: 0, answeringModel: 'open/big' });
      // 2,000 characters, and what stands around them.
      expect(row?.promptTokenCount).toBeGreaterThan(490);
      expect(row?.promptTokenCount).toBeLessThan(540);
      expect(row?.costMicros).toBe(row?.promptTokenCount);
      expect(row?.routeReasons.join()).toContain('estimated for its prompt');
    });
  }

  it('refused by the upstream costs nothing', async () => {
    const before = (await far.rows()).length;
    open.respond = (response) => {
      sendJson(response, 400, { error: { message: 'No.' } });
    };
    const response = await post('/v1/chat/completions', JSON.stringify({ model: 'big', messages: [] }));
    expect(response.status).toBe(400);
    await expect.poll(async () => (await far.rows()).length).toBe(before + 1);
    expect((await far.rows())[0]).toMatchObject({ promptTokenCount: 0, costMicros: 0 });
  });
});
