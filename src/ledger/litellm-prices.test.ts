import { describe, expect, it } from 'vitest';
import { convertLitellmPrices, isLitellmTable } from './litellm-prices.ts';
import { parsePriceFile, readPriceFile } from './price-file.ts';
import { createPriceTable } from './prices.ts';

/** A sample by hand, in the form of LiteLLM's table. */
const sample = {
  sample_spec: { litellm_provider: 'one of https://docs.litellm.ai/docs/providers', input_cost_per_token: 0 },
  'claude-x': {
    ...{ litellm_provider: 'anthropic', mode: 'chat', max_input_tokens: 200_000, max_output_tokens: 64_000 },
    ...{ input_cost_per_token: 1e-7, output_cost_per_token: 5e-7, cache_read_input_token_cost: 1e-8 },
    ...{ cache_creation_input_token_cost: 1.25e-7, cache_creation_input_token_cost_above_1hr: 2e-7 },
    ...{ input_cost_per_token_batches: 5e-8, output_cost_per_token_batches: 2.5e-7 },
    ...{ input_cost_per_token_above_100k_tokens: 5e-7, output_cost_per_token_above_100k_tokens: 2.5e-6 },
    ...{ cache_read_input_token_cost_above_100k_tokens: 5e-8 },
    cache_creation_input_token_cost_above_1hr_above_100k_tokens: 1e-6,
    source: 'https://example.com/x',
  },
  'mistral/small-x': {
    ...{
      litellm_provider: 'mistral',
      mode: 'chat',
      input_cost_per_token: 1.5e-7,
      output_cost_per_token: 6e-7,
    },
    input_cost_per_token_batches: 1e-7,
    output_cost_per_token_batches: 1e-7,
  },
  'mistral/embed-x': { litellm_provider: 'mistral', mode: 'embedding', input_cost_per_token: 1e-7 },
  'groq/openai/oss-x': {
    ...{ litellm_provider: 'groq', mode: 'chat', input_cost_per_token: 1e-7, output_cost_per_token: 6e-7 },
    ...{ input_cost_per_token_above_128k_tokens: 2e-7, input_cost_per_token_above_200k_tokens: 3e-7 },
  },
  'deepseek/flash-x': {
    ...{ litellm_provider: 'deepseek', mode: 'chat', cache_creation_input_token_cost: 0 },
    ...{ input_cost_per_token: 3e-7, output_cost_per_token: 1.2e-6, cache_read_input_token_cost: 6e-9 },
    off_peak_pricing: {
      ...{ input_cost_per_token: 1.5e-7, output_cost_per_token: 6e-7, cache_read_input_token_cost: 3e-9 },
      windows: [
        { hours_utc: ['04:00-06:00', '10:00-00:00'], weekdays: [1, 2, 3, 4, 5] },
        { hours_utc: '00:00-00:00', weekdays: [6, 7] },
      ],
    },
  },
};
const about = { date: '2026-11-30', source: 'a sample' };
const listOf = (host: string, table: object = sample) =>
  convertLitellmPrices(table as Readonly<Record<string, unknown>>, about).lists.find(
    (list) => list.host === host,
  );

describe('LiteLLM’s table', () => {
  it('is told from nearfar’s own', () => {
    expect(isLitellmTable(sample)).toBe(true);
    expect(isLitellmTable({ format: 1, lists: [] })).toBe(false);
    expect(isLitellmTable([])).toBe(false);
    expect(isLitellmTable({ a: {} })).toBe(false);
  });

  it('becomes prices for a million tokens, of all classes', () => {
    expect(listOf('api.anthropic.com')).toEqual({
      host: 'api.anthropic.com',
      date: '2026-11-30',
      source: "LiteLLM's table (MIT): a sample",
      models: {
        'claude-x': {
          ...{ input: 0.1, output: 0.5, cacheRead: 0.01, cacheWrite: 0.125, cacheWriteLong: 0.2 },
          long: { above: 100_000, price: { input: 0.5, output: 2.5, cacheRead: 0.05, cacheWriteLong: 1 } },
          ...{ contextTokenCount: 200_000, maxTokenCount: 64_000, batchDiscount: 0.5 },
          source: "https://example.com/x, by LiteLLM's table",
        },
      },
    });
  });

  it('has the names that providers know, and no discount that differs by class', () => {
    expect(listOf('api.mistral.ai')?.models).toEqual({
      'small-x': { input: 0.15, output: 0.6 },
      'embed-x': { input: 0.1, output: 0 },
    });
    // Of two bounds what is behind the first is not known.
    expect(listOf('api.groq.com')?.models).toEqual({
      'openai/oss-x': { input: 0.1, output: 0.6, long: { above: 128_000, price: null } },
    });
  });

  it('has prices by the hour', () => {
    const at = (time: string) =>
      createPriceTable(convertLitellmPrices(sample, about).lists, () => Date.parse(time)).find(
        'api.deepseek.com',
        'flash-x',
      )?.price;
    const peak = {
      promptMicrosPerMillion: 300_000,
      completionMicrosPerMillion: 1_200_000,
      cachedMicrosPerMillion: 6000,
    };
    const cheap = {
      promptMicrosPerMillion: 150_000,
      completionMicrosPerMillion: 600_000,
      cachedMicrosPerMillion: 3000,
    };
    // 2026-11-30 is a Monday.
    expect(at('2026-11-30T09:59:59Z')).toMatchObject(peak);
    expect(at('2026-11-30T10:00:00Z')).toMatchObject(cheap);
    expect(at('2026-11-30T23:59:59Z')).toMatchObject(cheap);
    expect(at('2026-12-01T00:00:00Z')).toMatchObject(peak);
    expect(at('2026-12-01T05:59:59Z')).toMatchObject(cheap);
    expect(at('2026-12-01T06:00:00Z')).toMatchObject(peak);
    expect(at('2026-11-29T08:00:00Z')).toMatchObject(cheap);
    expect(at('2026-11-30T09:00:00Z')).not.toHaveProperty('cacheWriteMicrosPerMillion');
  });

  it('has hours that go past midnight', () => {
    const hourly = (window: object) => ({
      'deepseek/x': {
        ...{
          litellm_provider: 'deepseek',
          mode: 'chat',
          input_cost_per_token: 2e-6,
          output_cost_per_token: 2e-6,
        },
        off_peak_pricing: { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6, windows: [window] },
      },
    });
    const at = (window: object, time: string) =>
      createPriceTable(convertLitellmPrices(hourly(window), about).lists, () => Date.parse(time)).find(
        'api.deepseek.com',
        'x',
      )?.price.promptMicrosPerMillion;
    const nightly = { hours_utc: '16:30-00:30' };
    expect(['16:29', '16:30', '23:59'].map((time) => at(nightly, `2026-11-30T${time}:00Z`))).toEqual([
      2_000_000, 1_000_000, 1_000_000,
    ]);
    expect(['00:00', '00:29', '00:30'].map((time) => at(nightly, `2026-12-01T${time}:00Z`))).toEqual([
      1_000_000, 1_000_000, 2_000_000,
    ]);
    // Of the night that begins on Friday; 2026-12-04 is one.
    const friday = { hours_utc: '20:00-06:00', weekdays: [5] };
    expect(at(friday, '2026-12-05T05:59:00Z')).toBe(1_000_000);
    expect(at(friday, '2026-12-04T05:59:00Z')).toBe(2_000_000);
    const sunday = { hours_utc: '20:00-06:00', weekdays: [7] };
    expect(at(sunday, '2026-12-07T05:59:00Z')).toBe(1_000_000);
  });

  it('can be written down and read again', () => {
    const { lists, leftOut } = readPriceFile(JSON.stringify(sample), 'x.json', '2026-11-30');
    expect(leftOut).toEqual([]);
    const file = { format: 1, currency: 'USD', unit: 'a million tokens', date: '2026-11-30', lists };
    expect(parsePriceFile(JSON.stringify(file), 'x.json')).toEqual(lists);
  });
});

describe('what cannot be converted', () => {
  const chat = {
    litellm_provider: 'openai',
    mode: 'chat',
    input_cost_per_token: 1e-6,
    output_cost_per_token: 2e-6,
  };
  it.each<[string, object, RegExp]>([
    [
      'a picture',
      { litellm_provider: 'openai', mode: 'image_generation', output_cost_per_image: 1 },
      /image_gen/,
    ],
    ['one without prices', { litellm_provider: 'openai', mode: 'chat' }, /no prices/],
    ['one of which half is told', { ...chat, output_cost_per_token: undefined }, /no prices/],
    ['nothing', { ...chat, input_cost_per_token: 0, output_cost_per_token: 0 }, /costs nothing/],
    ['less than nothing', { ...chat, input_cost_per_token: -1 }, /no prices/],
    ['thoughts of their own price', { ...chat, output_cost_per_reasoning_token: 9e-6 }, /thought/],
    ['a price for each request', { ...chat, input_cost_per_request: 0.1 }, /input_cost_per_request/],
    ['steps', { ...chat, tiered_pricing: [] }, /tiered_pricing/],
    [
      'hours of another place',
      { ...chat, off_peak_pricing: { weekday_timezone: 'Asia/Tokyo', windows: [] } },
      /hour/,
    ],
    [
      'hours that are none',
      { ...chat, off_peak_pricing: { ...chat, windows: [{ hours_utc: 'late' }] } },
      /hour/,
    ],
    [
      'hours that no clock shows',
      { ...chat, off_peak_pricing: { ...chat, windows: [{ hours_utc: '25:00-26:00' }] } },
      /hour/,
    ],
    ['no hours', { ...chat, off_peak_pricing: { ...chat, windows: [] } }, /hour/],
    ['a day without hours', { ...chat, off_peak_pricing: { ...chat, windows: [{ hours_utc: [] }] } }, /hour/],
    [
      'cheaper hours that are dearer',
      {
        ...chat,
        off_peak_pricing: { ...chat, output_cost_per_token: 9e-6, windows: [{ hours_utc: '01:00-02:00' }] },
      },
      /hour/,
    ],
    ['a provider without an address', { ...chat, litellm_provider: 'somebody' }, /address.* somebody/],
    ['another name', { alias_of: 'gpt-x' }, /another name/],
    ['rules', { rules: [] }, /no provider/],
  ])('is %s, and is listed', (_, entry, why) => {
    const { lists, leftOut } = convertLitellmPrices({ 'gpt-y': entry, 'gpt-x': chat }, about);
    expect(lists.map(({ models }) => Object.keys(models))).toEqual([['gpt-x']]);
    expect(leftOut).toMatchObject([{ name: 'gpt-y' }]);
    expect(leftOut[0]?.why).toMatch(why);
  });

  it('keeps nothing else from being taken', () => {
    const odd = {
      'gpt-hours': { ...chat, off_peak_pricing: { ...chat, windows: [{ hours_utc: '25:00-26:00' }] } },
      'gpt-bound': { ...chat, input_cost_per_token_above_900000000k_tokens: 3e-6 },
      [`gpt-${'x'.repeat(300)}`]: chat,
      'gpt-x': chat,
    };
    const { lists, leftOut } = readPriceFile(JSON.stringify(odd), 'x.json', '2026-11-30');
    expect(lists.map(({ models }) => Object.keys(models))).toEqual([['gpt-x']]);
    expect(leftOut).toHaveLength(3);
  });

  it('is a name that the provider does not know, and a table without any provider', () => {
    const classes = { 'together-ai-up-to-4b': { ...chat, litellm_provider: 'together_ai' }, 'gpt-x': chat };
    expect(convertLitellmPrices(classes, about).leftOut[0]?.why).toMatch(/no model of together_ai/);
    const others = { x: { ...chat, litellm_provider: 'somebody' } };
    expect(() => readPriceFile(JSON.stringify(others), 'x.json', '2026-11-30')).toThrow(
      'x.json has no prices',
    );
  });
});
