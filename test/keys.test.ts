// Over 400 lines: every refusal and bound of a key goes through one gateway, with both official clients.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readArguments } from '../src/cli/arguments.ts';
import { keys } from '../src/cli/keys.ts';
import { createBudgetBook } from '../src/ledger/budget-book.ts';
import { createPeriods } from '../src/ledger/periods.ts';
import { createStore } from '../src/store/store.ts';
import {
  fakeUpstream,
  openaiChunk,
  openaiHello,
  beginStream,
  sendJson,
  type FakeUpstream,
} from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** Keys made by the command line while the gateway runs, and what their clients see. */

let upstream: FakeUpstream;
let far: FarGateway;
const printed: string[] = [];

/** Of one answer of the stub: 600 prompt tokens at 2, 400 cached ones at 0.5 and 200 written at 10 millionths. */
const costMicros = 600 * 2 + 400 * 0.5 + 200 * 10;

beforeAll(async () => {
  upstream = await fakeUpstream(openaiHello);
  far = await farGateway({
    far: 'open/big',
    fallbacks: { spare: ['open/cheap'] },
    aliases: { spare: 'open/broken' },
    upstreams: [
      {
        name: 'open',
        baseUrl: `${upstream.url}/v1`,
        models: [
          { name: 'big', price: { input: 2, output: 10, cacheRead: 0.5 } },
          { name: 'cheap', price: { input: 0.1, output: 0.2 } },
          { name: 'free', price: { input: 0, output: 0 } },
          { name: 'broken', price: { input: 0.1, output: 0.2 } },
          'priceless',
        ],
        retries: 0,
      },
    ],
  });
});
afterAll(async () => {
  await far.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.respond = openaiHello;
  upstream.arrived.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** `nearfar keys ...`, as another process would run it: with a connection of its own. */
async function run(...words: string[]): Promise<string> {
  printed.length = 0;
  const mocks = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0),
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ];
  try {
    expect(await keys.run(readArguments(keys, ['--home', far.home, ...words]))).toBe(0);
  } finally {
    for (const mock of mocks) mock.mockRestore();
  }
  return printed.join('').trim();
}

let counter = 0;
async function keyWith(...options: string[]): Promise<{ name: string; secret: string }> {
  counter += 1;
  const name = `key-${counter}`;
  return { name, secret: await run('create', name, ...options) };
}

const messages = [{ role: 'user' as const, content: 'Say hello.' }];
const openai = (apiKey: string, maxRetries = 0) =>
  new OpenAI({ apiKey, baseURL: `${far.url}/v1`, maxRetries });
const chat = (secret: string, changes: object = {}) =>
  fetch(`${far.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: JSON.stringify({ model: 'far', messages, max_tokens: 200, ...changes }),
  });
const rowsOf = async (name: string) => (await far.rows()).filter((row) => row.keyName === name);

describe('a key', () => {
  it('is taken at once by a gateway that runs, shown once, and refused at once when it is revoked', async () => {
    const { name, secret } = await keyWith();
    expect(secret).toMatch(/^nf-[0-9a-f]{16}-[\w-]{43}$/);
    expect((await fetch(`${far.url}/v1/models`)).status).toBe(401);
    expect((await chat(secret)).status).toBe(200);
    expect(await run('list', '--json')).not.toContain(secret.slice(-43));
    await run('revoke', name);
    const refused = await chat(secret);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({
      error: { code: 'invalid_api_key', message: 'This key was revoked.' },
    });
  });

  it('is listed with what it has spent', async () => {
    const { name, secret } = await keyWith(
      '--per-day',
      '1',
      '--model',
      'far',
      '--expires',
      '30d',
      '--rpm',
      '9',
    );
    await (await chat(secret)).text();
    await far.gateway.ledger.flush();
    const listed = JSON.parse(await run('list', '--json')) as { name: string }[];
    expect(listed.find((key) => key.name === name)).toMatchObject({
      tenant: name,
      limits: { models: ['far'], requestsPerMinute: 9, dayMicros: 1_000_000, monthMicros: null },
      usage: { dayMicros: costMicros, monthMicros: costMicros, reservedDayMicros: 0 },
    });
    expect(await run('list')).toMatch(
      new RegExp(`${name} +${name} +far +9 +- +\\$0.0034 of \\$1.00 +\\$0.0034 +valid to`),
    );
  });

  it.each([
    [['create'], /expected: create NAME/],
    [['create', 'local'], /expected a name/],
    [['create', 'x', '--rpm', '0'], /--rpm: expected a number from 1/],
    [['create', 'x', '--per-day', '-1'], /--per-day/],
    [['create', 'x', '--expires', '2020-01-01'], /--expires: expected a date to come/],
    [['create', 'x', '--scope', 'all'], /--scope/],
    [['revoke', 'x', '--rpm', '3'], /--rpm means nothing to revoke/],
    [['frobnicate'], /expected create, list, revoke or reconcile/],
    [['revoke', 'nobody'], /no key "nobody"/],
  ])('%j is refused with a reason', async (words, reason) => {
    await expect(run(...words)).rejects.toThrow(reason);
  });
});

describe('the models of a key', () => {
  it('are the ones that it may ask and that are listed, in every dialect', async () => {
    const { secret } = await keyWith('--model', 'open/b*');
    const names = (await openai(secret).models.list()).data.map(({ id }) => id);
    expect(names).toEqual(['open/big', 'open/broken', 'far', 'spare']);
    await expect(openai(secret).models.retrieve('open/cheap')).rejects.toMatchObject({ status: 403 });
    const asked = { model: 'open/cheap', messages, max_tokens: 5 };
    await expect(openai(secret).chat.completions.create(asked)).rejects.toMatchObject({
      status: 403,
      param: 'model',
      type: 'invalid_request_error',
    });
    await expect(
      new Anthropic({ apiKey: secret, baseURL: far.url, maxRetries: 0 }).messages.create(asked),
    ).rejects.toMatchObject({ status: 403, error: { type: 'error', error: { type: 'permission_error' } } });
    const ollama = new Ollama({ host: far.url, headers: { authorization: `Bearer ${secret}` } });
    await expect(ollama.chat({ model: 'open/cheap', messages })).rejects.toMatchObject({ status_code: 403 });
    await expect(openai(secret).embeddings.create({ model: 'open/cheap', input: 'x' })).rejects.toMatchObject(
      {
        status: 403,
      },
    );
    expect(upstream.arrived).toEqual([]);
    expect((await openai(secret).chat.completions.create({ ...asked, model: 'far' })).model).toBe(
      'far-model-2026',
    );
  });

  it('are all of a chain by its name, and none of its rest by an id', async () => {
    upstream.respond = (response, request) => {
      if (request.body['model'] === 'broken') sendJson(response, 500, { error: { message: 'no' } });
      else openaiHello(response, request);
    };
    const byName = await keyWith('--model', 'spare');
    expect((await chat(byName.secret, { model: 'spare' })).headers.get('x-nearfar-model')).toBe('open/cheap');
    const byId = await keyWith('--model', 'open/broken');
    expect((await chat(byId.secret, { model: 'spare' })).status).toBe(502);
  });

  it('are none outside where nothing may leave', async () => {
    const { secret } = await keyWith('--local-only');
    expect((await chat(secret)).status).toBe(403);
    expect(upstream.connectionCount()).toBeGreaterThanOrEqual(0);
    expect(upstream.arrived).toEqual([]);
  });
});

describe('rates', () => {
  it('are told in every answer, and refused with the time to wait', async () => {
    const { secret } = await keyWith('--rpm', '2', '--tpm', '5000');
    const first = await chat(secret);
    await first.text();
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-limit-tokens': '5000',
      'x-ratelimit-reset-requests': expect.stringMatching(/^6[01]s$/) as string,
    });
    // What was really used took the place of what was set aside.
    const second = await chat(secret);
    await second.text();
    expect(second.headers.get('x-ratelimit-remaining-tokens')).toBe('2600');
    const refused = await chat(secret);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(55);
    expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(refused.headers.get('x-should-retry')).toBeNull();
    expect(await refused.json()).toMatchObject({
      error: { code: 'rate_limit_exceeded', type: 'rate_limit_error' },
    });
    expect(upstream.arrived).toHaveLength(2);
  });

  it("are told by Anthropic's names to its clients", async () => {
    const { secret } = await keyWith('--rpm', '1');
    const client = new Anthropic({ apiKey: secret, baseURL: far.url, maxRetries: 0 });
    const { response } = await client.messages
      .create({ model: 'far', messages, max_tokens: 5 })
      .withResponse();
    expect(response.headers.get('anthropic-ratelimit-requests-remaining')).toBe('0');
    await expect(client.messages.create({ model: 'far', messages, max_tokens: 5 })).rejects.toMatchObject({
      status: 429,
      error: { error: { type: 'rate_limit_error' } },
    });
  });

  it('refuse for good what can never fit, so that clients do not ask again', async () => {
    const { secret } = await keyWith('--tpm', '100');
    const content = 'word '.repeat(200);
    const before = (await far.rows()).length;
    await expect(
      openai(secret, 3).chat.completions.create({
        model: 'far',
        messages: [{ role: 'user', content }],
        max_completion_tokens: 1,
      }),
    ).rejects.toMatchObject({ status: 429 });
    expect((await far.rows()).length - before).toBe(1);
  });
});

describe('a budget', () => {
  it('is not overspent by fifty requests at once, and pays for what it can', async () => {
    const limit = 20_000;
    const { name, secret } = await keyWith('--per-day', String(limit / 1e6), '--per-month', '1');
    upstream.respond = async (response, request) => {
      await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()));
      openaiHello(response, request);
    };
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const answer = await chat(secret, { stream: index % 2 === 0 });
        await answer.text();
        return answer.status;
      }),
    );
    const paid = answers.filter((status) => status === 200).length;
    expect(paid).toBeGreaterThan(0);
    expect(answers.filter((status) => ![200, 402, 429].includes(status))).toEqual([]);
    expect(upstream.arrived).toHaveLength(paid);
    const spent = async () => (await rowsOf(name)).reduce((sum, row) => sum + (row.costMicros ?? NaN), 0);
    expect(await spent()).toBe(paid * costMicros);
    expect(await spent()).toBeLessThanOrEqual(limit);

    // One after the other: every one is paid for until there is not enough for another.
    let last = 200;
    for (let asked = 0; last === 200 && asked < 10; asked += 1) last = (await chat(secret)).status;
    expect(last).toBe(402);
    expect(await spent()).toBeLessThanOrEqual(limit);
    expect(await spent()).toBeGreaterThan(limit - 2 * costMicros);
  });

  it('that is spent is told to the official clients so that they do not ask again', async () => {
    const { secret, name } = await keyWith('--per-day', '0');
    const asked = { model: 'far', messages, max_tokens: 5 };
    await expect(openai(secret, 3).chat.completions.create(asked)).rejects.toMatchObject({
      status: 402,
      code: 'insufficient_quota',
      type: 'insufficient_quota',
    });
    await expect(
      new Anthropic({ apiKey: secret, baseURL: far.url, maxRetries: 3 }).messages.create(asked),
    ).rejects.toMatchObject({ status: 402, error: { error: { type: 'billing_error' } } });
    const ollama = new Ollama({ host: far.url, headers: { authorization: `Bearer ${secret}` } });
    await expect(ollama.chat({ model: 'far', messages, options: { num_predict: 5 } })).rejects.toMatchObject({
      status_code: 402,
    });
    expect(
      (await rowsOf(name)).map(({ finish, status, costMicros: cost }) => [finish, status, cost]),
    ).toEqual(Array.from({ length: 3 }, () => ['budget_exhausted', 402, 0]));
    expect(upstream.arrived).toEqual([]);
    const refused = await chat(secret);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(86_400);
  });

  it('wants to know what a request can cost', async () => {
    const { secret } = await keyWith('--per-day', '1');
    const noPrice = await chat(secret, { model: 'open/priceless' });
    expect(noPrice.status).toBe(403);
    expect(await noPrice.text()).toContain('budgets.unknownPrice');
    const noBound = await chat(secret, { max_tokens: undefined });
    expect(noBound.status).toBe(400);
    expect(await noBound.json()).toMatchObject({ error: { param: 'max_tokens' } });
    // What costs nothing needs no bound.
    expect((await chat(secret, { model: 'open/free', max_tokens: undefined })).status).toBe(200);
    expect((await chat(secret, { n: 100_000 })).status).toBe(402);
  });

  it('pays in full for what broke off, until it is known what it cost', async () => {
    const { name, secret } = await keyWith('--per-day', '1');
    upstream.respond = (response) => {
      beginStream(response);
      response.write(openaiChunk({ role: 'assistant', content: '' }));
      response.write(openaiChunk({ content: 'Hello' }));
      setTimeout(() => response.destroy(), 20);
    };
    await (await chat(secret, { stream: true })).text();
    const [row] = await rowsOf(name);
    expect(row).toMatchObject({ isMeasured: false, costMicros: null });
    expect(row?.chargedMicros).toBeGreaterThan(200 * 10);
    const [key] = (JSON.parse(await run('list', '--json')) as { name: string; usage: object }[]).filter(
      (listed) => listed.name === name,
    );
    expect(key?.usage).toMatchObject({ dayMicros: row?.chargedMicros, reservedDayMicros: 0 });
  });

  it('pays nothing for an error that came before an answer', async () => {
    const { name, secret } = await keyWith('--per-day', '1');
    upstream.respond = (response) => {
      sendJson(response, 400, { error: { message: 'not like this' } });
    };
    expect((await chat(secret)).status).toBe(400);
    expect(await rowsOf(name)).toMatchObject([{ costMicros: 0, chargedMicros: 0 }]);
  });
});

describe('after a crash', () => {
  /** A process that was there once. */
  const deadProcess = () => `${hostname()}.${spawnSync(process.execPath, ['-e', '']).pid}`;
  const heldBy = async (name: string, requestId: string) => {
    const path = join(far.home, 'ledger.sqlite');
    const store = await createStore({ path });
    const book = createBudgetBook({ store, periodsAt: createPeriods('UTC'), process: deadProcess() });
    const limits = { dayMicros: 10_000, monthMicros: null };
    const wanted = { requestId, keyName: name, startedAt: Date.now(), amountMicros: 9_000, ...limits };
    expect(await book.reserve(wanted)).toEqual({ type: 'reserved' });
    await store.close();
  };

  it.each([
    ['counts until it is settled, and then for good', [], 9_000],
    ['comes back where the owner says so', ['--release'], 0],
  ])('what requests held %s', async (_, options, spent) => {
    const { name, secret } = await keyWith('--per-day', '0.01');
    await heldBy(name, `lost-${name}`);
    const refused = await chat(secret);
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain('hold $0.009 of its budget of $0.01 a day');
    const result = JSON.parse(await run('reconcile', '--json', ...options)) as object;
    expect(result).toMatchObject({ requests: [{ key: name, micros: 9_000 }], openCount: 0 });
    expect((await chat(secret)).status).toBe(spent === 0 ? 200 : 402);
    const [lost] = (await rowsOf(name)).filter((row) => row.requestId === `lost-${name}`);
    expect(lost).toMatchObject({ chargedMicros: spent, costMicros: null, finish: 'internal' });
  });

  it('requests whose row stands in the journal of a dead gateway are settled by what they cost', async () => {
    const { name, secret } = await keyWith('--per-day', '0.01');
    await (await chat(secret)).text();
    const [row] = await rowsOf(name);
    const other = await keyWith('--per-day', '0.01');
    await heldBy(other.name, `journaled-${other.name}`);
    const line = {
      ...row,
      requestId: `journaled-${other.name}`,
      keyName: other.name,
      costMicros: 500,
      chargedMicros: 500,
    };
    const file = `ledger.sqlite.journal.${deadProcess()}.00000000-0000-4000-8000-000000000000`;
    writeFileSync(join(far.home, file), `${JSON.stringify(line)}\n`);
    const listed = JSON.parse(await run('list', '--json')) as { name: string; usage: object }[];
    expect(listed.find((key) => key.name === other.name)?.usage).toMatchObject({
      dayMicros: 500,
      reservedDayMicros: 0,
    });
    expect(existsSync(join(far.home, file))).toBe(false);
  });
});
