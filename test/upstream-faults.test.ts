import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  anthropicHello,
  beginStream,
  fakeUpstream,
  openaiChunk,
  openaiHello,
  sendJson,
  type FakeUpstream,
} from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** An upstream that misbehaves: every client gets a whole answer or one clear error, and every ledger row closes. */

let bad: FakeUpstream;
let good: FakeUpstream;
let far: FarGateway;
let turn = 0;

beforeAll(async () => {
  bad = await fakeUpstream(openaiHello);
  good = await fakeUpstream(anthropicHello);
  const timeouts = { connectMs: 500, firstTokenMs: 300, idleMs: 150 };
  const entry = (name: string, retries: number) => ({
    name,
    baseUrl: `${bad.url}/v1`,
    models: ['m'],
    timeouts,
    retries,
    longestWaitMs: 2000,
  });
  far = await farGateway({
    logLevel: 'error',
    // Each test has upstreams of its own, for breakers remember.
    upstreams: [
      ...Array.from({ length: 40 }, (_, index) => entry(`once${index}`, 0)),
      ...Array.from({ length: 10 }, (_, index) => entry(`again${index}`, 2)),
      { name: 'good', protocol: 'anthropic', baseUrl: good.url, models: ['g'], timeouts },
      { name: 'nobody', baseUrl: 'http://127.0.0.1:9/v1', models: ['m'], timeouts, retries: 0 },
    ],
    fallbacks: { 'again0/m': ['nobody/m', 'good/g'], 'nobody/m': ['good/g'] },
  });
});

afterAll(async () => {
  await far.close();
  await Promise.all([bad.close(), good.close()]);
});

beforeEach(() => {
  bad.arrived.length = 0;
  good.arrived.length = 0;
  turn += 1;
});

interface Told {
  readonly status: number;
  readonly text: string;
  readonly errors: readonly string[];
  readonly hasEnd: boolean;
}

/** Asks as an Anthropic client does, and sums up what came. */
async function ask(model: string, stream: boolean): Promise<Told> {
  const response = await fetch(`${far.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 50, stream, messages: [{ role: 'user', content: 'Hi' }] }),
  });
  const raw = await response.text();
  if (!stream || response.status !== 200) {
    const body = JSON.parse(raw) as {
      type: string;
      error?: { message: string };
      content?: { text: string }[];
    };
    return {
      status: response.status,
      text: body.content?.map((block) => block.text).join('') ?? '',
      errors: body.error === undefined ? [] : [body.error.message],
      hasEnd: body.type === 'message',
    };
  }
  const events = raw
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map(
      (line) =>
        JSON.parse(line.slice(6)) as { type: string; delta?: { text?: string }; error?: { message: string } },
    );
  return {
    status: 200,
    text: events.map((event) => event.delta?.text ?? '').join(''),
    errors: events.flatMap((event) => (event.error === undefined ? [] : [event.error.message])),
    hasEnd: events.at(-1)?.type === 'message_stop',
  };
}

type Fault = (response: ServerResponse) => void;

const faults: Readonly<Record<string, Fault>> = {
  'never answers': () => undefined,
  'takes the connection and goes away': (response) => {
    response.destroy();
  },
  'sends its head only': (response) => {
    beginStream(response);
  },
  'falls silent in mid-answer': (response) => {
    beginStream(response);
    response.write(openaiChunk({ content: 'Half' }));
  },
  'is cut in mid-answer': (response) => {
    beginStream(response);
    response.write(openaiChunk({ content: 'Half' }));
    setTimeout(() => response.destroy(), 20);
  },
  'ends in mid-answer as if all were well': (response) => {
    beginStream(response);
    response.write(openaiChunk({ content: 'Half' }));
    response.end();
  },
  'says DONE before it is': (response) => {
    beginStream(response);
    response.write(openaiChunk({ content: 'Half' }));
    response.end('data: [DONE]\n\n');
  },
  'sends garbage': (response) => {
    beginStream(response);
    response.end('data: {{{\n\ndata: \u0000\n\n');
  },
  'sends garbage in mid-answer': (response) => {
    beginStream(response);
    response.write(openaiChunk({ content: 'Half' }));
    response.end('data: <html>\n\n');
  },
  'sends a page': (response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<h1>Welcome</h1>');
  },
  'sends a whole answer where a stream was asked for': (response) => {
    sendJson(response, 200, { choices: [{ message: { content: 'x' } }] });
  },
  'sends an error as an event': (response) => {
    beginStream(response);
    response.end('data: {"error":{"message":"The model is overloaded.","type":"overloaded"}}\n\n');
  },
  'redirects to somewhere else': (response) => {
    response.writeHead(307, { location: `${good.url}/v1/messages` });
    response.end();
  },
  'answers 500': (response) => {
    sendJson(response, 500, { error: { message: 'Oh.' } });
  },
  'answers 429': (response) => {
    sendJson(response, 429, { error: { message: 'Slowly.' } });
  },
  'answers a choice that was not asked for': (response) => {
    beginStream(response);
    response.end('data: {"choices":[{"index":7,"delta":{"content":"x"}}]}\n\n');
  },
};

describe.each(Object.entries(faults))('an upstream that %s', (_, fault) => {
  it.each([false, true])('gives one clear error and a closed row (streamed: %s)', async (stream) => {
    bad.respond = fault;
    const told = await ask(`once${turn % 40}/m`, stream);
    expect(told.errors).toHaveLength(1);
    expect(told.errors[0]).toMatch(/^The upstream once\d+ /);
    expect(told.hasEnd).toBe(false);
    if (told.status === 200) expect(told.text).toBe('Half');
    const [row] = await far.rows();
    expect(row?.status).toBeGreaterThanOrEqual(429);
    expect(row?.upstream).toMatch(/^once/);
    // Where something was said and nobody told what it cost, it is not said to cost nothing.
    // What was sent to one that was waited for in vain costs what it says of it, which nobody said here either.
    expect(row?.costMicros).toBe(
      (row?.completionTokenCount ?? 0) + (row?.promptTokenCount ?? 0) === 0 ? 0 : null,
    );
    expect(good.arrived).toEqual([]);
  });
});

describe('retries', () => {
  it('ask again after failures before the first token, and give one whole answer', async () => {
    let tries = 0;
    bad.respond = (response) => {
      tries += 1;
      if (tries === 1) response.destroy();
      else if (tries === 2) sendJson(response, 503, {});
      else openaiHello(response);
    };
    expect(await ask('again1/m', true)).toMatchObject({ text: 'Hello there', errors: [], hasEnd: true });
    expect(tries).toBe(3);
    expect((await far.rows())[0]).toMatchObject({ status: 200, completionTokenCount: 200 });
  });

  it('never happen after a token was delivered', async () => {
    bad.respond = faults['is cut in mid-answer'] as Fault;
    expect(await ask('again2/m', true)).toMatchObject({ text: 'Half', hasEnd: false });
    expect(bad.arrived).toHaveLength(1);
  });

  it('wait as long as Retry-After says', async () => {
    const times: number[] = [];
    bad.respond = (response) => {
      times.push(performance.now());
      if (times.length === 1) sendJson(response, 429, {}, { 'retry-after': '1' });
      else openaiHello(response);
    };
    expect(await ask('again3/m', false)).toMatchObject({ status: 200 });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(950);
  });

  it('do not happen where Retry-After is longer than anybody waits', async () => {
    bad.respond = (response) => {
      sendJson(response, 429, {}, { 'retry-after': '60' });
    };
    expect(await ask('again4/m', false)).toMatchObject({ status: 429 });
    expect(bad.arrived).toHaveLength(1);
  });

  it('do not happen for what the client did wrong', async () => {
    bad.respond = (response) => {
      sendJson(response, 400, { error: { message: 'No.' } });
    };
    expect(await ask('again5/m', false)).toMatchObject({ status: 400 });
    expect(bad.arrived).toHaveLength(1);
  });
});

describe('the circuit breaker', () => {
  it('leaves an upstream alone that keeps failing, and tells when to come back', async () => {
    bad.respond = faults['answers 500'] as Fault;
    for (let index = 0; index < 5; index += 1) await ask('again6/m', false);
    const askedBefore = bad.arrived.length;
    const response = await fetch(`${far.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'again6/m', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }),
    });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(bad.arrived.length).toBe(askedBefore);
  });

  it('does not open for a storm of 429', async () => {
    bad.respond = faults['answers 429'] as Fault;
    const before = bad.arrived.length;
    const told = await Promise.all(Array.from({ length: 12 }, () => ask('once39/m', false)));
    expect(told.every(({ status }) => status === 429)).toBe(true);
    expect(bad.arrived.length - before).toBe(12);
  });
});

describe('fallbacks', () => {
  it('are asked in turn until one answers, and the row names it', async () => {
    bad.respond = faults['answers 500'] as Fault;
    expect(await ask('again0/m', true)).toMatchObject({ text: 'Hello there', errors: [], hasEnd: true });
    expect((await far.rows())[0]).toMatchObject({
      answeringModel: 'good/g',
      upstream: 'good',
      status: 200,
      routeReasons: ['model again0/m', 'where it fails: nobody/m, then good/g'],
    });
  });

  it('are not asked once something was delivered', async () => {
    bad.respond = faults['is cut in mid-answer'] as Fault;
    expect(await ask('again0/m', true)).toMatchObject({ text: 'Half', hasEnd: false });
    expect(good.arrived).toEqual([]);
  });

  it('never carry a local_only request outside', async () => {
    const response = await fetch(`${far.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-nearfar-privacy': 'local_only' },
      body: JSON.stringify({ model: 'nobody/m', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }),
    });
    expect(response.status).toBe(403);
    expect(good.arrived).toEqual([]);
  });
});

describe('connections', () => {
  it('are kept: many answers take few of them', async () => {
    bad.respond = openaiHello;
    const before = bad.connectionCount();
    for (let index = 0; index < 10; index += 1) await ask('again7/m', true);
    expect(bad.connectionCount() - before).toBeLessThanOrEqual(2);
  });
});
