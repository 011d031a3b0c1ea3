import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readArguments } from '../src/cli/arguments.ts';
import { costs } from '../src/cli/costs.ts';
import { openCacheProvider, type CacheProvider } from '../bench/prompt-cache-provider.ts';
import type { LedgerRow } from '../src/ledger/row.ts';
import { fakeUpstream, openaiHello, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** The official clients, the whole gateway, and providers that bill as they document it. */

const price = { input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25, cacheWriteLong: 10 };
const rules = { minimumTokenCount: 512, readRate: 0.1, writeRate: 1.25, longWriteRate: 2 };
let provider: CacheProvider;
let claude: FakeUpstream;
let open: FakeUpstream;
let far: FarGateway;
let off: FarGateway;

beforeAll(async () => {
  provider = await openCacheProvider({ ...rules, protocol: 'anthropic' });
  provider.now = 1;
  // Keeps what arrived, and hands it on to the provider.
  claude = await fakeUpstream(async (response, { path, text }) => {
    const answer = await fetch(provider.url + path, { method: 'POST', body: text });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(await answer.text());
  });
  open = await fakeUpstream(openaiHello);
  const upstreams = [
    {
      name: 'claude',
      protocol: 'anthropic',
      baseUrl: claude.url,
      models: [{ name: 'claude-opus-5', price }],
    },
    { name: 'open', preset: 'openai', baseUrl: `${open.url}/v1`, models: ['gpt-5.4'] },
  ];
  far = await farGateway({ logLevel: 'error', capture: 'all', upstreams });
  off = await farGateway({ logLevel: 'error', upstreams, promptCache: { plan: 'off' } });
});

afterAll(async () => {
  await Promise.all([far.close(), off.close()]);
  await Promise.all([provider.close(), claude.close(), open.close()]);
});

const system = Array.from({ length: 900 }, (_, index) => `Rule ${index}.`).join(' ');

async function ask(gateway: FarGateway, content: string): Promise<Anthropic.Message> {
  const client = new Anthropic({ apiKey: 'none', baseURL: gateway.url, maxRetries: 0 });
  return client.messages.create({
    model: 'claude-opus-5',
    max_tokens: 16,
    system,
    messages: [{ role: 'user', content }],
  });
}

describe('Anthropic’s client', () => {
  it('is marked where its instructions end, from the first request on, and the ledger has what that cost and saved', async () => {
    claude.arrived.length = 0;
    const usages = [];
    for (const content of ['One?', 'Two?', 'Three?']) usages.push((await ask(far, content)).usage);
    for (const { body } of claude.arrived) {
      expect(body['system']).toEqual([{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }]);
    }
    const written = usages[0]?.cache_creation_input_tokens;
    expect(written).toBeGreaterThan(512);
    expect(usages[0]).toMatchObject({ cache_read_input_tokens: 0 });
    for (const usage of usages.slice(1)) {
      expect(usage).toMatchObject({ cache_read_input_tokens: written, cache_creation_input_tokens: 0 });
    }

    const [third, second, first] = await far.rows();
    expect(third?.cachedTokenCount).toBe(written);
    expect(first?.cacheWriteTokenCount).toBe(written);
    const savedBy = (row: LedgerRow | undefined) =>
      (row?.uncachedCostMicros ?? NaN) - (row?.costMicros ?? NaN);
    expect([first, second, third].map((row) => Math.sign(savedBy(row)))).toEqual([-1, 1, 1]);
    expect(third?.prefix?.family).toBe(first?.prefix?.family);
    expect(JSON.stringify(third)).not.toContain('Rule 7');
  });

  it('arrives byte for byte where it marks for itself', async () => {
    const control = { type: 'ephemeral' };
    const text = JSON.stringify({
      model: 'claude-opus-5',
      max_tokens: 16,
      system: [{ type: 'text', text: system, cache_control: control }],
      messages: [{ role: 'user', content: 'Four?' }],
    });
    await fetch(`${far.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
    });
    expect(claude.arrived.at(-1)?.text).toBe(text);
  });

  it('keeps the order of what it wrote where marks are put in', async () => {
    const text = `{ "system":${JSON.stringify(system)},\n"max_tokens" : 16,"messages":[{"content":"Five?","role":"user"}],"model":"claude-opus-5"}`;
    await fetch(`${far.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
    });
    const arrived = claude.arrived.at(-1)?.text ?? '';
    expect(arrived).toContain('"cache_control"');
    const marked = `[{"type":"text","text":${JSON.stringify(system)},"cache_control":{"type":"ephemeral"}}]`;
    expect(arrived.replace(marked, JSON.stringify(system))).toBe(text);
  });

  it('is left alone where planning is off', async () => {
    claude.arrived.length = 0;
    for (const content of ['One?', 'Two?', 'Three?']) await ask(off, content);
    expect(claude.arrived.some(({ text }) => text.includes('cache_control'))).toBe(false);
    expect((await off.rows())[0]?.prefix?.family).toMatch(/^.{8}$/);
  });

  it('that says local_only leaves no hashes in the ledger', async () => {
    const response = await fetch(`${far.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-nearfar-privacy': 'local_only' },
      body: JSON.stringify({
        model: 'claude-opus-5',
        max_tokens: 1,
        system,
        messages: [{ role: 'user', content: 'x' }],
      }),
    });
    expect(response.status).toBe(403);
    expect((await far.rows())[0]?.prefix).toBeUndefined();
  });
});

describe('a client of another dialect', () => {
  it('is marked too, and its tokens are counted once', async () => {
    const client = new OpenAI({ apiKey: 'none', baseURL: `${far.url}/v1`, maxRetries: 0 });
    const talk = (content: string) =>
      client.chat.completions.create({
        model: 'claude-opus-5',
        messages: [
          { role: 'system', content: system },
          { role: 'user', content },
        ],
      });
    await talk('One?');
    const answer = await talk('Two?');
    expect(answer.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(512);
    expect(claude.arrived.at(-1)?.body['system']).toEqual([
      { type: 'text', text: system, cache_control: { type: 'ephemeral' } },
    ]);
  });
});

describe('OpenAI’s client', () => {
  it('gets a key for its family, and no mark where writing is free', async () => {
    const client = new OpenAI({ apiKey: 'none', baseURL: `${far.url}/v1`, maxRetries: 0 });
    for (const content of ['One?', 'Two?']) {
      await client.chat.completions.create({ model: 'gpt-5.4', messages: [{ role: 'user', content }] });
    }
    const keys = open.arrived.map(({ body }) => body['prompt_cache_key']);
    expect(keys[0]).toMatch(/^nf-/);
    expect(open.arrived.every(({ text }) => !text.includes('prompt_cache_options'))).toBe(true);
    await client.chat.completions.create({
      model: 'gpt-5.4',
      messages: [{ role: 'user', content: 'Three?' }],
      prompt_cache_key: 'mine',
    });
    expect(open.arrived.at(-1)?.body['prompt_cache_key']).toBe('mine');
  });
});

describe('nearfar costs --cache', () => {
  async function printed(...words: string[]): Promise<string> {
    let text = '';
    const written = vi.spyOn(process.stdout, 'write').mockImplementation((part) => {
      text += String(part);
      return true;
    });
    const config = join(far.home, 'nearfar.config.json');
    try {
      const input = readArguments(costs, ['--home', far.home, '--config', config, '--cache', ...words]);
      expect(await costs.run(input)).toBe(0);
    } finally {
      written.mockRestore();
    }
    return text;
  }

  it('tells hit rate, tokens and money of each family, as its rows do', async () => {
    const report = JSON.parse(await printed('--json')) as {
      families: { requests: number; cachedTokens: number; hitRate: number; savedUsdMeasured: number }[];
    };
    const rows = (await far.rows()).filter(({ upstream }) => upstream === 'claude');
    const cached = rows.reduce((sum, row) => sum + row.cachedTokenCount, 0);
    expect(cached).toBeGreaterThan(0);
    expect(report.families[0]?.cachedTokens).toBe(cached);
    expect(report.families[0]?.hitRate).toBeGreaterThan(0.3);
    expect(report.families[0]?.savedUsdMeasured).toBeGreaterThan(0);
    expect(await printed()).toMatch(/FAMILY +KEY +MODEL .* SAVED\n.{8} /);
  });

  it('finds the date before the rules, and its characters where texts are captured', async () => {
    const lines = system.replaceAll('. ', '.\n');
    for (let minute = 0; minute < 5; minute += 1) {
      const client = new Anthropic({ apiKey: 'none', baseURL: far.url, maxRetries: 0 });
      await client.messages.create({
        model: 'claude-opus-5',
        max_tokens: 16,
        system: `It is ten past ${minute}.\n${lines}`,
        messages: [{ role: 'user', content: 'And?' }],
      });
    }
    const text = await vi.waitFor(async () => {
      const said = await printed();
      // Captured texts reach their file a moment later.
      expect(said).toContain('First difference');
      return said;
    });
    expect(text).toMatch(/- 5 requests of .* agree in their first 0 tokens, differ in about \d+, and agree/);
    expect(text).toMatch(/in the system: "\\nIt is ten past " goes on with "\d/);
  });

  it('refuses what does not go with it', async () => {
    await expect(printed('--csv')).rejects.toThrow('--csv does not go with --cache');
    await expect(printed('--by', 'day')).rejects.toThrow('--by does not go with --cache');
  });
});
