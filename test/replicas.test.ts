// Over 400 lines: balancing, hedging and faults of one pair of fake replicas, which share their set-up.
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import {
  beginStream,
  fakeUpstream,
  openaiChunk,
  openaiHello,
  openaiUsageChunk,
  sendJson,
  type Arrived,
  type FakeUpstream,
} from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** Several servers behind one upstream, and questions asked twice: over real sockets, with the ledger's rows. */

let servers: FakeUpstream[] = [];
let far: FarGateway | null = null;

afterEach(async () => {
  await far?.close();
  far = null;
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

async function open(
  count: number,
  settings: object = {},
  others: { readonly upstreams?: readonly object[]; readonly fallbacks?: object } = {},
): Promise<FarGateway> {
  servers = await Promise.all(Array.from({ length: count }, () => fakeUpstream(openaiHello)));
  const [first, ...rest] = servers.map((server) => `${server.url}/v1`);
  far = await farGateway({
    logLevel: 'error',
    upstreams: [
      {
        name: 'up',
        baseUrl: first,
        replicas: rest,
        models: ['m'],
        timeouts: { firstTokenMs: 2000, idleMs: 1000 },
        retries: 0,
        ...settings,
      },
      ...(others.upstreams ?? []),
    ],
    ...(others.fallbacks === undefined ? {} : { fallbacks: others.fallbacks }),
  });
  return far;
}

const chats = (server: FakeUpstream): readonly Arrived[] =>
  server.arrived.filter(({ path }) => path.endsWith('/chat/completions'));
const counts = (): readonly number[] => servers.map((server) => chats(server).length);
const never: FakeUpstream['respond'] = () => undefined;
const late =
  (milliseconds: number): FakeUpstream['respond'] =>
  (response, request) => {
    setTimeout(() => {
      openaiHello(response, request);
    }, milliseconds);
  };

type Messages = OpenAI.ChatCompletionMessageParam[];
const hello: Messages = [{ role: 'user', content: 'Hello?' }];

async function ask(messages: Messages = hello, model = 'up/m', stream = true): Promise<string> {
  const client = new OpenAI({ apiKey: 'none', baseURL: `${far?.url ?? ''}/v1`, maxRetries: 0 });
  if (!stream) {
    const answer = await client.chat.completions.create({ model, messages });
    return answer.choices[0]?.message.content ?? '';
  }
  let text = '';
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  return text;
}

/** The same through another dialect: as parts, not as bytes. */
async function askAsAnthropic(model = 'up/m'): Promise<number> {
  const response = await fetch(`${far?.url ?? ''}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 50, messages: [{ role: 'user', content: 'Hello?' }] }),
  });
  await response.text();
  return response.status;
}

const lastRow = async () => (await far?.rows())?.[0];

describe('replicas', () => {
  it('share new prompts, and keep a conversation where its prefix is', async () => {
    await open(2);
    const system = (index: number): string => `Number ${index}. ${'You are a helper. '.repeat(100)}`;
    for (let chat = 0; chat < 4; chat += 1) {
      const messages: Messages = [{ role: 'system', content: system(chat) }];
      const before = counts();
      for (let turn = 0; turn < 3; turn += 1) {
        messages.push({ role: 'user', content: `Question ${turn}` });
        messages.push({ role: 'assistant', content: await ask(messages) });
      }
      const asked = counts().map((count, index) => count - (before[index] ?? 0));
      expect(asked.toSorted()).toEqual([0, 3]);
    }
    expect(counts()).toEqual([6, 6]);
    expect((await lastRow())?.routeReasons.join()).toMatch(/replica \d of 2: \d+% of the prompt cached/);
    expect(await lastRow()).toMatchObject({ answeringModel: 'up/m', upstream: 'up' });
  });

  it('take turns where the settings say so', async () => {
    await open(3, { balance: 'round-robin' });
    for (let turn = 0; turn < 9; turn += 1) await ask();
    expect(counts()).toEqual([3, 3, 3]);
  });

  it('take over from one that fails, at once and without a retry, in either way of asking', async () => {
    await open(2, { balance: 'round-robin' });
    servers[0]!.respond = (response) => {
      sendJson(response, 500, { error: { message: 'Oh.' } });
    };
    for (let turn = 0; turn < 12; turn += 1) {
      expect(await ask(hello, 'up/m', turn % 2 === 0)).toBe('Hello there');
    }
    expect(await askAsAnthropic()).toBe(200);
    // Its breaker opened after five failures: from then on nobody knocks there.
    expect(counts()).toEqual([5, 13]);
    expect((await far?.rows())?.every(({ status }) => status === 200)).toBe(true);
    // Both gone: one clear error.
    servers[1]!.respond = servers[0]!.respond;
    await expect(ask()).rejects.toMatchObject({ status: 502 });
  });

  it('count what is under way, also where a client leaves, and show it in the metrics', async () => {
    await open(2, { balance: 'least-loaded' });
    for (const server of servers) server.respond = never;
    const leaving = new AbortController();
    const held = [1, 2].map(() =>
      fetch(`${far?.url ?? ''}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'up/m', messages: hello, stream: true }),
        signal: leaving.signal,
      }).catch(() => undefined),
    );
    await expect.poll(counts).toEqual([1, 1]);
    const page = async (): Promise<string> => (await fetch(`${far?.url ?? ''}/metrics`)).text();
    expect(await page()).toContain('nearfar_upstream_in_flight_requests{upstream="up",replica="2"} 1');
    leaving.abort();
    await Promise.all(held);
    await expect.poll(page).toContain('nearfar_upstream_in_flight_requests{upstream="up",replica="2"} 0');
    expect(await page()).toContain('nearfar_upstream_requests_total{upstream="up",replica="1"} 1');
    expect(await page()).not.toContain('127.0.0.1');
  });

  it('are avoided when they report others, and asked by own counts when they report nothing', async () => {
    await open(2, { preset: 'vllm', balance: 'least-loaded' });
    const page =
      (running: number): FakeUpstream['respond'] =>
      (response, request) => {
        if (request.path === '/health') response.end();
        else if (request.path === '/metrics') {
          response.end(`vllm:num_requests_running 0\nvllm:num_requests_waiting{engine="0"} ${running}\n`);
        } else openaiHello(response, request);
      };
    servers[0]!.respond = page(30);
    servers[1]!.respond = page(0);
    await ask();
    await expect
      .poll(() => servers.every(({ arrived }) => arrived.some(({ path }) => path === '/metrics')))
      .toBe(true);
    await expect
      .poll(async () => (await fetch(`${far?.url ?? ''}/metrics`)).text())
      .toMatch(/reported_waiting_requests\{upstream="up",replica="1"\} 30/);
    const before = counts();
    for (let turn = 0; turn < 6; turn += 1) await ask();
    expect(counts()).toEqual([before[0], (before[1] ?? 0) + 6]);
    // Asked at most once a second each, with the two questions that there are.
    expect(servers[0]!.arrived.filter(({ path }) => path === '/metrics').length).toBeLessThan(4);
  });

  it('are asked by own counts where what they report cannot be had or read', async () => {
    await open(2, { preset: 'vllm', balance: 'least-loaded' });
    servers[0]!.respond = (response, request) => {
      if (request.path === '/metrics') response.end('<h1>Not here</h1>');
      else if (request.path === '/health') response.end();
      else openaiHello(response, request);
    };
    servers[1]!.respond = (response, request) => {
      // Its checks hang.
      if (request.path.startsWith('/v1')) openaiHello(response, request);
    };
    for (let turn = 0; turn < 10; turn += 1) await ask();
    expect(counts()).toEqual([5, 5]);
  });

  it('that say that they are not well are left alone while another is well', async () => {
    await open(2, { preset: 'llama.cpp', balance: 'round-robin' });
    servers[0]!.respond = (response, request) => {
      if (request.path === '/health') sendJson(response, 503, { error: { message: 'Loading model' } });
      else openaiHello(response, request);
    };
    await ask();
    await expect.poll(() => servers[0]!.arrived.some(({ path }) => path === '/health')).toBe(true);
    await expect.poll(() => servers[1]!.arrived.some(({ path }) => path === '/slots')).toBe(true);
    const before = counts();
    for (let turn = 0; turn < 4; turn += 1) await ask();
    expect(counts()[0]).toBe(before[0]);
  });

  it('keep a tool loop, with all that its messages carry, though it is the next one’s turn', async () => {
    await open(3, { balance: 'round-robin' });
    for (const [index, server] of servers.entries()) {
      server.respond = (response) => {
        beginStream(response);
        const call = { index: 0, id: `call_of_${index}`, function: { name: 'look', arguments: '{}' } };
        response.write(openaiChunk({ tool_calls: [call] }));
        response.write(openaiChunk({}, 'tool_calls'));
        response.end(`${openaiUsageChunk}data: [DONE]\n\n`);
      };
    }
    await ask();
    const maker = counts().indexOf(1);
    const id = `call_of_${maker}`;
    const call = { id, type: 'function' as const, function: { name: 'look', arguments: '{}' } };
    for (let turn = 0; turn < 4; turn += 1) {
      await ask([
        ...hello,
        { role: 'assistant', tool_calls: [call], content: null, signature: 'signed-by-up' } as never,
        { role: 'tool', tool_call_id: id, content: 'seen' },
      ]);
    }
    expect(counts()[maker]).toBe(5);
    expect(chats(servers[maker]!).at(-1)?.text).toContain('signed-by-up');
  });
});

describe('fallbacks', () => {
  it('keep a tool loop with the model that made its calls, though the first one is back', async () => {
    const call = { index: 0, id: 'call_b', function: { name: 'look', arguments: '{}' } };
    const second = await fakeUpstream((response) => {
      beginStream(response);
      response.write(openaiChunk({ tool_calls: [call] }));
      response.write(openaiChunk({}, 'tool_calls'));
      response.end(`${openaiUsageChunk}data: [DONE]\n\n`);
    });
    await open(
      1,
      {},
      {
        upstreams: [{ name: 'other', baseUrl: `${second.url}/v1`, models: ['b'] }],
        fallbacks: { 'up/m': ['other/b'] },
      },
    );
    servers.push(second);
    servers[0]!.respond = (response) => {
      sendJson(response, 500, { error: { message: 'Oh.' } });
    };
    const tools = [
      { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } },
    ];
    const send = async (messages: readonly object[]): Promise<void> => {
      const response = await fetch(`${far?.url ?? ''}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'up/m', messages, tools }),
      });
      expect(response.status, await response.text()).toBe(200);
    };
    await send(hello);
    expect(await lastRow()).toMatchObject({ answeringModel: 'other/b' });
    servers[0]!.respond = openaiHello;
    const made = { id: 'call_b', type: 'function', function: { name: 'look', arguments: '{}' } };
    await send([
      ...hello,
      { role: 'assistant', content: null, tool_calls: [made] },
      { role: 'tool', tool_call_id: 'call_b', content: 'seen' },
    ]);
    expect(await lastRow()).toMatchObject({ answeringModel: 'other/b' });
    await send(hello);
    expect(await lastRow()).toMatchObject({ answeringModel: 'up/m' });
  });
});

describe('what only its provider can read', () => {
  it('goes to no other model: signatures of reasoning are not in what a fallback is sent', async () => {
    const other = await fakeUpstream(openaiHello);
    await open(
      1,
      { protocol: 'anthropic' },
      {
        upstreams: [{ name: 'other', baseUrl: `${other.url}/v1`, models: ['b'] }],
        fallbacks: { 'up/m': ['other/b'] },
      },
    );
    servers.push(other);
    servers[0]!.respond = (response) => {
      sendJson(response, 529, { type: 'error', error: { type: 'overloaded_error', message: 'Busy.' } });
    };
    const response = await fetch(`${far?.url ?? ''}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'up/m',
        max_tokens: 50,
        tools: [{ name: 'look', input_schema: { type: 'object', properties: {} } }],
        messages: [
          { role: 'user', content: 'Look.' },
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'I should look.', signature: 'signed-by-up' },
              { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} },
            ],
          },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'seen' }] },
        ],
      }),
    });
    expect(response.status, await response.text()).toBe(200);
    expect(chats(other)).toHaveLength(1);
    expect(chats(other)[0]?.text).toContain('toolu_1');
    expect(chats(other)[0]?.text).not.toContain('signed-by-up');
  });
});

describe('hedging', () => {
  const priced = { models: [{ name: 'm', price: { input: 2, output: 10 } }], hedge: 60 };

  it('asks a second where the first is slow, cuts the first off, and tells what both cost', async () => {
    await open(2, { ...priced, balance: 'round-robin' });
    servers[0]!.respond = never;
    servers[1]!.respond = never;
    // Whichever is asked first hangs, the other one answers.
    const answering: FakeUpstream['respond'] = (response, request) => {
      if (counts().reduce((sum, count) => sum + count, 0) > 1) openaiHello(response, request);
    };
    for (const server of servers) server.respond = answering;
    expect(await ask()).toBe('Hello there');
    expect(counts()).toEqual([1, 1]);
    const row = await lastRow();
    expect(row?.routeReasons.join()).toMatch(
      /no first token from replica \d of 2 after 60 ms: replica \d of 2 was asked too/,
    );
    // 400 cached and 600 other prompt tokens and 200 of the answer; and the whole prompt once more for the other.
    expect(row?.costMicros).toBe(1000 * 2 + 200 * 10 + 1000 * 2);
    expect(row?.routeReasons.join()).toContain('2000 millionths of USD estimated for its prompt');
    await expect
      .poll(() => servers.flatMap(({ arrived }) => arrived.map(({ isCut }) => isCut)).toSorted())
      .toEqual([false, true]);
    expect(await (await fetch(`${far?.url ?? ''}/metrics`)).text()).toContain(
      'nearfar_upstream_hedges_total{upstream="up",first="hedge"} 1',
    );
  });

  it('gives whichever is first where both are slow, in parts as in bytes', async () => {
    await open(2, { ...priced, balance: 'round-robin' });
    for (const server of servers) server.respond = late(150);
    expect(await ask()).toBe('Hello there');
    expect(counts()).toEqual([1, 1]);
    expect((await lastRow())?.routeReasons.join()).toContain('the first was first all the same');
    expect(await askAsAnthropic()).toBe(200);
    expect(counts()).toEqual([2, 2]);
    expect((await lastRow())?.costMicros).toBe(1000 * 2 + 200 * 10 + 1000 * 2);
    await expect
      .poll(async () => (await fetch(`${far?.url ?? ''}/metrics`)).text())
      .toMatch(
        /in_flight_requests\{upstream="up",replica="1"\} 0[\s\S]*in_flight_requests\{upstream="up",replica="2"\} 0/,
      );
  });

  it('of which the first fails while the second is under way gives the second, and counts no one as cut off', async () => {
    await open(2, { ...priced, balance: 'round-robin' });
    const fail: FakeUpstream['respond'] = (response) => {
      setTimeout(() => {
        sendJson(response, 500, { error: { message: 'Oh.' } });
      }, 100);
    };
    let asked = 0;
    for (const server of servers) {
      server.respond = (response, request) => {
        asked += 1;
        void (asked === 1 ? fail : late(120))(response, request);
      };
    }
    expect(await ask()).toBe('Hello there');
    expect((await lastRow())?.costMicros).toBe(1000 * 2 + 200 * 10);
  });

  it('of which both fail, or hang, ends in one clear error', async () => {
    await open(2, { ...priced, timeouts: { firstTokenMs: 300 } });
    for (const server of servers) server.respond = never;
    await expect(ask()).rejects.toMatchObject({ status: 504 });
    expect(counts()).toEqual([1, 1]);
    expect(await lastRow()).toMatchObject({ status: 504, finish: 'timeout' });
  });

  it('never asks a second once a token was delivered', async () => {
    await open(2, priced);
    for (const server of servers) {
      server.respond = (response) => {
        beginStream(response);
        response.write(openaiChunk({ content: 'Slow' }));
        setTimeout(() => {
          response.write(openaiChunk({}, 'stop'));
          response.end(`${openaiUsageChunk}data: [DONE]\n\n`);
        }, 200);
      };
    }
    expect(await ask()).toBe('Slow');
    expect(counts().reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it('asks the fallback where there is no replica, and says that its own price is not known', async () => {
    const other = await fakeUpstream(openaiHello);
    await open(1, priced, {
      upstreams: [{ name: 'other', baseUrl: `${other.url}/v1`, models: ['b'] }],
      fallbacks: { 'up/m': ['other/b'] },
    });
    servers.push(other);
    servers[0]!.respond = never;
    expect(await ask()).toBe('Hello there');
    const row = await lastRow();
    expect(row).toMatchObject({ answeringModel: 'other/b', costMicros: null });
    expect(row?.routeReasons.join()).toContain('no first token from up/m after 60 ms: other/b was asked too');
    await expect.poll(() => servers[0]!.arrived[0]?.isCut).toBe(true);
    // The other way round the loser's price is not known, and so neither is the sum.
    servers[0]!.respond = late(150);
    other.respond = never;
    expect(await ask()).toBe('Hello there');
    expect(await lastRow()).toMatchObject({ answeringModel: 'up/m', costMicros: null });
    expect((await lastRow())?.routeReasons.join()).toContain('what that cost is not known');
  });
});
