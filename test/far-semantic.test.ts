import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readArguments } from '../src/cli/arguments.ts';
import { costs } from '../src/cli/costs.ts';
import type { LedgerRow } from '../src/ledger/row.ts';
import { beginStream, fakeUpstream, openaiChunk, sendJson, type FakeUpstream } from './fake-upstream.ts';
import { minilmWeights } from './minilm.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** The same question in other words, answered by upstreams: the real server, the real model that compares, a provider in play. */

const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 };
/** By the price below: 20 * 2 + 10 * 10 millionths. */
const answerMicros = 140;
const openings = ['', 'Please tell me: ', 'Hello, ', 'Quick question: ', 'Okay, ', 'Hey, ', 'Well, ', 'So, '];

let upstream: FakeUpstream;
let keys: string;
let real: FarGateway | null = null;

beforeAll(async () => {
  upstream = await fakeUpstream(() => undefined);
  keys = mkdtempSync(join(tmpdir(), 'nearfar-semantic-'));
  for (const name of ['ana', 'ben']) writeFileSync(join(keys, name), secretOf(name), { mode: 0o600 });
});
afterEach(async () => {
  await real?.close();
  real = null;
});
afterAll(async () => {
  await upstream.close();
  rmSync(keys, { recursive: true });
});

const secretOf = (name: string): string => `${name}-0123456789abcdef`;

/** Says the same to all, with an id of its own each time. */
function answering(text: string): FakeUpstream['respond'] {
  return (response, { body }) => {
    const id = `chatcmpl-${upstream.arrived.length}`;
    if (body['stream'] !== true) {
      const message = { role: 'assistant', content: text };
      sendJson(response, 200, {
        id,
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      });
      return;
    }
    beginStream(response);
    response.write(openaiChunk({ role: 'assistant', content: text }));
    response.write(openaiChunk({}, 'stop'));
    response.write(
      `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
    );
    response.end('data: [DONE]\n\n');
  };
}

async function open(
  semantic: object = {},
  price: object | null = { input: 2, output: 10 },
): Promise<FarGateway> {
  upstream.arrived.length = 0;
  upstream.respond = answering('Hold the button for ten seconds.');
  const cache = {
    embedder: 'all-minilm-l6-v2:f32',
    maxWrongHitRate: 0.5,
    checkRate: 0.001,
    ...semantic,
  };
  real = await farGateway(
    {
      ...{ logLevel: 'error', engine: { threadCount: 1 }, cache: { exact: true, semantic: cache } },
      keys: ['ana', 'ben'].map((name) => ({ name, file: join(keys, name), scopes: ['use', 'admin'] })),
      upstreams: [
        {
          ...{ name: 'up', baseUrl: `${upstream.url}/v1`, retries: 0 },
          models: [price === null ? 'big' : { name: 'big', price }],
        },
      ],
    },
    [await minilmWeights()],
  );
  // No question waits for the model that compares to come into memory.
  const isCompared = !('upstreams' in semantic);
  for (
    let attempt = 0;
    isCompared && attempt < 200 && (await metric('nearfar_semantic_lookups_total')) === 0;
    attempt++
  ) {
    await ask(`What is the colour of apples, ${'a'.repeat(attempt)}?`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  upstream.arrived.length = 0;
  return real;
}

function gateway(): FarGateway {
  if (real === null) throw new Error('Nothing is open.');
  return real;
}

async function metric(name: string): Promise<number> {
  const headers = { authorization: `Bearer ${secretOf('ana')}` };
  const page = await (await fetch(`${gateway().url}/metrics`, { headers })).text();
  return Number(new RegExp(`^${name}(?:\\{)?(?:[^}\\n]*\\})? (\\S+)$`, 'm').exec(page)?.[1] ?? 'NaN');
}

interface Asked {
  readonly text: string | null | undefined;
  readonly id: string;
  readonly cache: string | null;
  readonly row: LedgerRow | undefined;
}

async function rowOf(response: Response): Promise<LedgerRow | undefined> {
  const id = response.headers.get('x-request-id') ?? response.headers.get('request-id');
  return (await gateway().gateway.ledger.recent(10)).find(({ requestId }) => requestId === id);
}

/** In the upstream's own language, so that bytes pass. */
async function ask(
  content: string,
  changes: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {},
  name = 'ana',
  headers: Record<string, string> = {},
): Promise<Asked> {
  const client = new OpenAI({ baseURL: `${gateway().url}/v1`, apiKey: secretOf(name), maxRetries: 0 });
  const messages = [{ role: 'user' as const, content }];
  const { data, response } = await client.chat.completions
    .create(
      { model: 'up/big', temperature: 0, max_completion_tokens: 50, messages, ...changes, stream: false },
      { headers },
    )
    .withResponse();
  return {
    text: data.choices[0]?.message.content,
    id: data.id,
    cache: response.headers.get('x-nearfar-cache'),
    row: await rowOf(response),
  };
}

async function askStreamed(content: string): Promise<Omit<Asked, 'id'>> {
  const client = new OpenAI({ baseURL: `${gateway().url}/v1`, apiKey: secretOf('ana'), maxRetries: 0 });
  const messages = [{ role: 'user' as const, content }];
  const { data, response } = await client.chat.completions
    .create({ model: 'up/big', temperature: 0, max_completion_tokens: 50, messages, stream: true })
    .withResponse();
  let text = '';
  for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? '';
  return { text, cache: response.headers.get('x-nearfar-cache'), row: await rowOf(response) };
}

/** In another language, so that the answer is put into parts. */
async function askAnthropic(content: string): Promise<Asked> {
  const response = await fetch(`${gateway().url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': secretOf('ana') },
    body: JSON.stringify({
      ...{ model: 'up/big', temperature: 0, max_tokens: 50 },
      messages: [{ role: 'user', content }],
    }),
  });
  const message = (await response.json()) as { id: string; content: readonly { text: string }[] };
  return {
    text: message.content[0]?.text,
    id: message.id,
    cache: response.headers.get('x-nearfar-cache'),
    row: await rowOf(response),
  };
}

const reset = 'how do I reset the password of the router?';
const hitHeader = /^semantic_cache; similarity=0\.\d{3}$/;

describe('the same question in other words, to an upstream', () => {
  it('is answered from the cache once checks have shown that it may be: bytes, streams and parts', async () => {
    await open();
    const first = await ask(reset);
    expect(first).toMatchObject({ cache: null, row: { answerSource: 'model', costMicros: answerMicros } });
    for (const opening of openings.slice(1, 7)) await ask(`${opening}${reset}`);
    const before = upstream.arrived.length;
    const hit = await ask(`${openings.at(-1) ?? ''}${reset}`);
    expect(hit.cache).toMatch(hitHeader);
    expect(hit.text).toBe(first.text);
    // Byte for byte an answer that was given before, its id with it.
    expect(hit.id).toMatch(/^chatcmpl-[1-9]$/);
    expect(hit.row).toMatchObject({
      answeringModel: 'up/big',
      upstream: 'up',
      answerSource: 'semantic_cache',
      costMicros: 0,
      uncachedCostMicros: answerMicros,
      status: 200,
      keyName: 'ana',
    });
    expect(hit.row).not.toHaveProperty('checkMicros');
    expect(upstream.arrived.length).toBe(before);

    // What was learnt of the model holds for its streams too; their bytes are others, so the first one is made.
    for (const opening of openings.slice(0, 5)) await askStreamed(`${opening}${reset}`);
    const streamed = await askStreamed(`${openings.at(-1) ?? ''}${reset}`);
    expect(streamed).toMatchObject({
      text: first.text,
      row: { answerSource: 'semantic_cache', costMicros: 0 },
    });
    expect(streamed.cache).toMatch(hitHeader);

    for (const opening of openings.slice(0, 5)) await askAnthropic(`${opening}${reset}`);
    const parts = await askAnthropic(`${openings.at(-1) ?? ''}${reset}`);
    expect(parts).toMatchObject({ text: first.text, row: { answerSource: 'semantic_cache', costMicros: 0 } });
    expect(parts.cache).toMatch(hitHeader);

    // Numbers, negations, another key, a second turn, tools, and who wants none.
    const asked = upstream.arrived.length;
    const others = [
      await ask('Hi, how do I reset the 2 passwords of the router?'),
      await ask('Hi, how do I not reset the password of the router?'),
      await ask('Hi, how do I reset the password of the Netgear router?'),
      await ask(`Hi, ${reset}`, {}, 'ben'),
      await ask('', {
        messages: [
          { role: 'user', content: 'Hello' },
          { role: 'assistant', content: 'Hello' },
          { role: 'user', content: `Hi, ${reset}` },
        ],
      }),
      await ask(`Hi, ${reset}`, { tools: [{ type: 'function', function: { name: 'f' } }] }),
      await ask(`Hi, ${reset}`, { temperature: 1 }),
      await ask(`Hi, ${reset}`, { max_tokens: 51 }),
      await ask(`Hi, ${reset}`, {}, 'ana', { 'x-nearfar-cache': 'off' }),
    ];
    expect(others.map(({ cache }) => cache)).toEqual(others.map(() => null));
    expect(upstream.arrived.length).toBe(asked + others.length);

    expect(await metric('nearfar_semantic_open\\{tenant="ana"')).toBe(1);
    // In each of the three ways at least one.
    const hitCount = (await gateway().rows()).filter((row) => row.answerSource === 'semantic_cache').length;
    expect(hitCount).toBeGreaterThanOrEqual(3);
    expect(await metric('nearfar_semantic_hits_total')).toBe(hitCount);
    const report = await reported();
    const saved = report.total.saved.find(({ technique }) => technique === 'semantic_cache');
    expect(saved).toMatchObject({
      requests: hitCount,
      upToUsd: (hitCount * answerMicros) / 1e6,
      basis: 'estimated',
    });
  });

  it('is asked all the same for a check now and then, counted in the ledger and within a budget', async () => {
    // Every would-be hit is a check; the worst case of one is below a fifth of the budget.
    await open({ checkRate: 1, checkBudget: { perDay: 0.005 } });
    const asked: Asked[] = [];
    for (let index = 0; index < 70; index++) {
      const opening = openings[index % openings.length] ?? '';
      asked.push(await ask(`${opening}${reset}${' Thanks.'.repeat(Math.floor(index / openings.length))}`));
    }
    // No answer came from other words.
    expect(asked.filter(({ cache }) => cache !== null)).toEqual([]);
    const checks = asked.flatMap(({ row }) => (row?.checkMicros === undefined ? [] : [row.checkMicros]));
    expect(checks.length).toBeGreaterThan(10);
    const [checked] = asked.flatMap(({ row }) => (row?.checkMicros === undefined ? [] : [row]));
    expect(checked?.routeReasons.at(-1)).toContain('to check it');
    expect(checks.every((micros) => micros === answerMicros)).toBe(true);
    const spent = checks.reduce((sum, micros) => sum + micros, 0);
    expect(spent).toBeLessThanOrEqual(5000);
    // From then on the model answers as if there were no such cache, and that is no check's money.
    expect(asked.at(-1)?.row).not.toHaveProperty('checkMicros');
    expect(asked.at(-1)?.row).toMatchObject({ answerSource: 'model', costMicros: answerMicros });
    expect(await metric('nearfar_semantic_unpaid_total')).toBeGreaterThan(0);
    const report = await reported();
    expect(report.total.semanticChecks).toEqual({
      usd: spent / 1e6,
      basis: 'measured',
      requests: checks.length,
    });
  });

  it.each<[string, object, object | null]>([
    ['whose price nobody knows', {}, null],
    ['where checks may cost nothing', { checkBudget: { perDay: 0 } }, { input: 2, output: 10 }],
    ['where upstreams are left out of it', { upstreams: false }, { input: 2, output: 10 }],
  ])('gets no kept answer of a model %s', async (_, semantic, price) => {
    await open({ checkRate: 0.5, ...semantic }, price);
    const asked: Asked[] = [];
    for (const opening of [...openings, 'Hi, ', 'Now, ', 'Right, '])
      asked.push(await ask(`${opening}${reset}`));
    expect(asked.map(({ cache }) => cache)).toEqual(asked.map(() => null));
    expect(upstream.arrived.length).toBe(asked.length);
  });

  it('gets it without a price too, where the owner sets no budget', async () => {
    await open({ checkBudget: { perDay: null } }, null);
    for (const opening of openings.slice(0, 7)) await ask(`${opening}${reset}`);
    const hit = await ask(`${openings.at(-1) ?? ''}${reset}`);
    expect(hit.cache).toMatch(hitHeader);
    expect(hit.row).toMatchObject({ costMicros: 0, answerSource: 'semantic_cache' });
    expect(hit.row).not.toHaveProperty('uncachedCostMicros');
  });

  it('is asked again once the provider says something else', async () => {
    await open({ checkRate: 0.999 });
    for (const opening of openings) await ask(`${opening}${reset}`);
    expect(await metric('nearfar_semantic_open')).toBe(1);
    upstream.respond = answering('It cannot be reset.');
    for (const opening of ['Now, ', 'Just ', 'Actually, ', 'Really, ']) await ask(`${opening}${reset}`);
    expect(await metric('nearfar_semantic_open')).toBe(0);
  });
});

interface CostsReport {
  readonly total: {
    readonly saved: readonly { technique: string; requests: number; upToUsd: number; basis: string }[];
    readonly semanticChecks: object;
  };
}

/** `nearfar costs --json` */
async function reported(): Promise<CostsReport> {
  const { home } = gateway();
  let printed = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const words = ['--home', home, '--config', join(home, 'nearfar.config.json'), '--json'];
  expect(await costs.run(readArguments(costs, words))).toBe(0);
  spy.mockRestore();
  return JSON.parse(printed) as CostsReport;
}
