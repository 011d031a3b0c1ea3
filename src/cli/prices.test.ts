import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadSettings } from '../config/load.ts';
import { readArguments } from './arguments.ts';
import { prices } from './prices.ts';

let home = '';
let server: Server;
let address = '';
let respond: (response: ServerResponse) => void;
let printed = '';

beforeAll(async () => {
  server = createServer((_, response) => {
    respond(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prices.json`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-prices-'));
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true });
});

const run = (...words: string[]) => prices.run(readArguments(prices, ['--home', home, ...words]));
const table = JSON.stringify({
  format: 1,
  currency: 'USD',
  unit: 'a million tokens',
  date: '2031-02-03',
  lists: [
    {
      host: 'api.openai.com',
      date: '2031-02-03',
      source: 'https://example.com',
      models: { 'gpt-9': { input: 7, output: 8 } },
    },
  ],
});

describe('nearfar prices', () => {
  it('lists the owner’s prices before the lists, and what has none', async () => {
    const upstream = {
      name: 'own',
      baseUrl: 'http://10.0.0.7/v1',
      models: [{ name: 'priced', price: { input: 0.2, output: 0.6 } }, 'other'],
    };
    writeFileSync(join(home, 'nearfar.config.json'), JSON.stringify({ upstreams: [upstream] }));
    const config = ['--config', join(home, 'nearfar.config.json')];
    expect(await run(...config)).toBe(0);
    expect(printed).toMatch(/own\/priced +0\.2 +0\.6 +- +- +- +- +settings/);
    expect(printed).toMatch(/claude-opus-5 +5 +25 +0\.5 +6\.25 +10 +-50% +list of 20\d\d-/);
    expect(printed).toContain('No price is known of: own/other.');
    printed = '';
    expect(await run('--json', ...config)).toBe(0);
    const report = JSON.parse(printed) as { prices: { model: string; source: string }[]; unknown: string[] };
    expect(report.prices[0]).toMatchObject({ model: 'own/priced', source: 'settings' });
    expect(report.unknown).toEqual(['own/other']);
  });

  it('takes newer ones from an address, once', async () => {
    respond = (response) => response.end(table);
    expect(await run('update', address)).toBe(0);
    expect(printed).toContain('Took api.openai.com: 1 models, list of 2031-02-03.');
    expect(await run('update', '--set', `pricesUrl=${address}`)).toBe(0);
    expect(printed).toContain('nothing newer');
    printed = '';
    await run();
    expect(printed).toMatch(/api\.openai\.com\/gpt-9 +7 +8/);
    expect(printed).not.toContain('gpt-6');
  });

  it('takes nothing that is too long, missing, or comes over an open line', async () => {
    respond = (response) => {
      const piece = Buffer.alloc(1024 * 1024, ' ');
      for (let count = 0; count < 33; count += 1) response.write(piece);
      response.end();
    };
    await expect(run('update', address)).rejects.toThrow('longer than 32 MiB');
    respond = (response) => response.writeHead(404).end();
    await expect(run('update', address)).rejects.toThrow('answered 404');
    await expect(run('update', 'http://example.com/prices.json')).rejects.toThrow('expected https:');
    await expect(run('update', join(home, 'none.json'))).rejects.toThrow('cannot be read');
    await expect(run('updte')).rejects.toThrow('expected nothing, or: update');
  });

  it('takes LiteLLM’s table, and says what it left out', async () => {
    const litellm = {
      'mistral/mistral-large-9': {
        ...{ litellm_provider: 'mistral', mode: 'chat', source: 'https://example.com/large' },
        ...{ input_cost_per_token: 5e-7, output_cost_per_token: 1.5e-6 },
      },
      'mistral/mistral-ocr': { litellm_provider: 'mistral', mode: 'ocr', ocr_cost_per_page: 0.001 },
      'somewhere/x': { litellm_provider: 'somewhere', mode: 'chat' },
    };
    respond = (response) => response.end(JSON.stringify(litellm));
    expect(await run('update', address, '--date', '2031-02-03')).toBe(0);
    expect(printed).toContain('Took api.mistral.ai: 1 models, list of 2031-02-03.');
    expect(printed).toContain('Left out: 1 entries of providers that no address is known of');
    expect(printed).toContain('ocr is not billed by the token alone: 1 (mistral/mistral-ocr)');
    printed = '';
    await run('--json');
    const report = JSON.parse(printed) as { prices: { model: string; source: string }[] };
    expect(report.prices.find(({ model }) => model === 'api.mistral.ai/mistral-large-9')).toMatchObject({
      list: { input: 0.5, output: 1.5 },
      date: '2031-02-03',
      source: "https://example.com/large, by LiteLLM's table",
    });
    // Other providers' lists stay.
    expect(report.prices.some(({ model }) => model === 'api.openai.com/gpt-6-sol')).toBe(true);
    printed = '';
    await run('update', address, '--date', '2031-02-04', '--json');
    expect((JSON.parse(printed) as { leftOut: object[] }).leftOut).toEqual([
      { name: 'mistral/mistral-ocr', why: 'ocr is not billed by the token alone', isOfKnownProvider: true },
      { name: 'somewhere/x', why: 'no address is known of somewhere', isOfKnownProvider: false },
    ]);
    for (const date of ['today', '2031-02-31'])
      await expect(run('update', address, '--date', date)).rejects.toThrow('expected a day');
  });

  it('asks LiteLLM’s repository by itself, and names it and the way by a file where that cannot be reached', async () => {
    const gone = address.replace(/:\d+/, ':9');
    await expect(run('update', '--set', `pricesUrl=${gone}`)).rejects.toThrow(
      new RegExp(`No prices could be had from ${gone}: .*nearfar prices update FILE`),
    );
    const { settings } = await loadSettings({ environment: {}, workingFolder: home, home });
    expect(settings.pricesUrl).toBe(
      'https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json',
    );
  });
});
