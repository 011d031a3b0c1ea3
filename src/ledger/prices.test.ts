import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { costMicros } from './cost.ts';
import { loadPriceTable, parsePriceFile, priceFilePath, takePrices } from './price-file.ts';
import builtIn from './price-table.json' with { type: 'json' };
import { builtInLists, createPriceTable, tokenPrice } from './prices.ts';

const table = createPriceTable(builtInLists);

describe('the price table', () => {
  it('has the form that an update must have', () => {
    expect(parsePriceFile(JSON.stringify(builtIn), 'the built-in table')).toEqual(builtIn.lists);
    expect(builtIn.date).toBe(
      builtInLists
        .map(({ date }) => date)
        .sort()
        .at(-1),
    );
  });

  it('has a date and a source for each entry, and prices in a sane order', () => {
    expect(table.entries.length).toBeGreaterThan(20);
    for (const { model, list: price, date, source, batchDiscount } of table.entries) {
      expect(date, model).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(source.includes('https://') || source.includes('as its list'), model).toBe(true);
      expect(price.output, model).toBeGreaterThanOrEqual(price.input);
      expect(price.cacheRead ?? 0, model).toBeLessThan(price.input);
      expect(price.cacheWrite ?? price.input, model).toBeGreaterThanOrEqual(price.input);
      expect(price.cacheWriteLong ?? Infinity, model).toBeGreaterThan(price.cacheWrite ?? 0);
      expect([0.5, 0.2, null], model).toContain(batchDiscount);
    }
  });

  it('knows a model with a date behind its name, and none that is not listed', () => {
    expect(table.find('api.anthropic.com', 'claude-haiku-4-5-20251001')?.price.promptMicrosPerMillion).toBe(
      1e6,
    );
    expect(table.find('api.openai.com', 'gpt-5.4-mini-2026-03-17')).not.toBeNull();
    expect(table.find('api.openai.com', 'gpt-5.4-mini-but-other')).toBeNull();
    expect(table.find('api.openai.com', 'constructor')).toBeNull();
    // Whoever resells a model has prices of his own.
    expect(table.find('openrouter.ai', 'gpt-5.4-mini')).toBeNull();
  });

  it('knows the providers that presets and imports lead to', () => {
    const known = [
      ['api.mistral.ai', 'mistral-large-latest'],
      ['api.mistral.ai', 'mistral-small-latest'],
      ['api.deepseek.com', 'deepseek-flash'],
      ['api.deepseek.com', 'deepseek-v4-pro'],
      ['api.x.ai', 'grok-4.7'],
      ['api.together.xyz', 'zai-org/GLM-5.3'],
      ['api.groq.com', 'openai/gpt-oss-20b'],
      ['generativelanguage.googleapis.com', 'gemini-4-argon'],
    ] as const;
    for (const [host, model] of known) expect(table.find(host, model), model).not.toBeNull();
  });

  it('charges by the hour where a provider does', () => {
    const at = (time: string) =>
      createPriceTable(builtInLists, () => Date.parse(time)).find('api.deepseek.com', 'deepseek-v4-pro')
        ?.price;
    // Peak hours: 01:00-04:00 and 06:00-10:00 UTC from Monday to Friday, https://api-docs.deepseek.com/quick_start/pricing
    expect(at('2026-11-30T03:00Z')?.promptMicrosPerMillion).toBe(1_320_000);
    expect(at('2026-11-30T05:00Z')?.promptMicrosPerMillion).toBe(660_000);
    expect(at('2026-11-28T03:00Z')?.promptMicrosPerMillion).toBe(660_000);
  });

  it('knows no price behind the last day of one that will change', () => {
    const on = (day: string) => createPriceTable(builtInLists, () => Date.parse(`${day}T12:00Z`));
    const host = 'generativelanguage.googleapis.com';
    expect(on('2026-12-31').find(host, 'gemini-3.8-flash')?.price.promptMicrosPerMillion).toBe(750_000);
    expect(on('2027-01-01').find(host, 'gemini-3.8-flash')).toBeNull();
    expect(on('2027-01-01').find(host, 'gemini-3.5-flash')).not.toBeNull();
  });

  it('charges long prompts as listed, and calls unknown what is not', () => {
    const haiku =
      table.find('api.anthropic.com', 'claude-haiku-5-5')?.price ?? tokenPrice({ input: 0, output: 0 });
    const tokens = { promptTokenCount: 100_000, cachedTokenCount: 0, completionTokenCount: 1000 };
    expect(costMicros(tokens, haiku)).toBe(10_000 + 500);
    expect(costMicros({ ...tokens, promptTokenCount: 100_001 }, haiku)).toBe(50_001 + 2_500);
    const older = table.find('api.openai.com', 'gpt-5.4-mini')?.price ?? haiku;
    expect(costMicros({ ...tokens, promptTokenCount: 300_000 }, older)).toBeNull();
  });
});

describe('an update of the prices', () => {
  let home = '';
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'nearfar-prices-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  const file = (...lists: readonly object[]): string =>
    JSON.stringify({ format: 1, currency: 'USD', unit: 'a million tokens', date: '2030-01-01', lists });
  const list = (changes: object = {}) => ({
    host: 'api.openai.com',
    date: '2030-01-01',
    source: 'https://example.com/prices',
    models: { 'gpt-7': { input: 1, output: 4, cacheRead: 0.1 } },
    ...changes,
  });

  it('holds from then on, for its hosts, with the others left as they were', async () => {
    const { takenLists } = await takePrices(home, file(list()), 'a file');
    expect(takenLists.map(({ host }) => host)).toEqual(['api.openai.com']);
    const prices = await loadPriceTable(home);
    expect(prices.find('api.openai.com', 'gpt-7')).toMatchObject({
      date: '2030-01-01',
      source: 'https://example.com/prices',
      batchDiscount: null,
    });
    expect(prices.find('api.openai.com', 'gpt-6-sol')).toBeNull();
    expect(prices.find('api.anthropic.com', 'claude-opus-5')).toEqual(
      table.find('api.anthropic.com', 'claude-opus-5'),
    );
    expect((await readdir(home)).length).toBe(1);
    if (process.platform !== 'win32') expect((await stat(priceFilePath(home))).mode & 0o077).toBe(0);
  });

  it('that is older is refused whole, and one of the same day changes nothing', async () => {
    await takePrices(home, file(list()), 'a file');
    const before = await readFile(priceFilePath(home), 'utf8');
    const mixed = file(list({ date: '2029-12-31' }), list({ host: 'api.example.com' }));
    await expect(takePrices(home, mixed, 'b.json')).rejects.toThrow(
      'b.json is older than what is here (api.openai.com: 2029-12-31, here 2030-01-01); nothing was taken.',
    );
    expect((await takePrices(home, file(list({ models: {} })), 'c.json')).takenLists).toEqual([]);
    expect(await readFile(priceFilePath(home), 'utf8')).toBe(before);
  });

  it('that is malformed is refused with what is wrong', async () => {
    const bad: readonly (readonly [string, RegExp])[] = [
      ['{', /a file is no JSON/],
      ['[]', /no table of prices/],
      [file(), /lists/],
      [file(list({ models: { x: { input: -1, output: 1 } } })), /lists\.0\.models\.x\.input/],
      [file(list({ models: { x: { input: 1, output: 1, cached: 1 } } })), /cached/],
      [file(list({ date: '2030-02-31' })), /lists\.0\.date/],
      [file(list(), list()), /same host/],
      [file(list()).replace('USD', 'EUR'), /currency/],
    ];
    for (const [content, message] of bad)
      await expect(takePrices(home, content, 'a file')).rejects.toThrow(message);
    expect(await readdir(home)).toEqual([]);
  });

  it('damaged on disk says so, and is replaced by the next', async () => {
    await writeFile(priceFilePath(home), '{"format":1');
    await expect(loadPriceTable(home)).rejects.toThrow(/prices\.json is no JSON.*nearfar prices update/);
    await takePrices(home, file(list()), 'a file');
    expect((await loadPriceTable(home)).find('api.openai.com', 'gpt-7')).not.toBeNull();
  });

  it('older than what a later version brings along gives way', async () => {
    await writeFile(priceFilePath(home), file(list({ date: '2020-01-01' })));
    expect((await loadPriceTable(home)).find('api.openai.com', 'gpt-6-sol')).not.toBeNull();
  });
});
