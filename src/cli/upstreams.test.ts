import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings, type LoadedSettings } from '../config/load.ts';
import { builtInLists, createPriceTable, type PriceList } from '../ledger/prices.ts';
import { billingOf, createBilling, farLine } from './upstreams.ts';

const prices = createPriceTable(builtInLists);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-upstreams-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function load(file: object, environment: Readonly<Record<string, string>> = {}): Promise<LoadedSettings> {
  writeFileSync(path.join(folder, 'nearfar.config.json'), JSON.stringify(file));
  return loadSettings({ environment, workingFolder: folder, home: folder });
}

const own = {
  name: 'own',
  baseUrl: 'http://10.0.0.7:8000/v1',
  boundary: 'inside',
  models: [{ name: 'priced', price: { input: 0.2, output: 0.6 } }, 'free'],
};

function listOf(models: PriceList['models']): PriceList {
  return { host: 'api.openai.com', date: '2026-11-30', source: 'a sample', models };
}

describe('what the start says of far', () => {
  it('is the model, its price with the date of the list, and where it is', async () => {
    expect(farLine(await load({}, { OPENAI_API_KEY: 'sk-x' }), prices)).toMatch(
      /^openai\/\S+ · \$\d[\d.]* in, \$\d[\d.]* out per million tokens \(list of 20\d\d-\d\d-\d\d\) · outside$/,
    );
    expect(farLine(await load({ upstreams: [own] }), prices)).toBe(
      'own/priced · $0.2 in, $0.6 out per million tokens (by the settings) · inside',
    );
    expect(farLine(await load({ upstreams: [own], far: 'free' }), prices)).toBe(
      'own/free · price unknown · inside',
    );
    expect(farLine(await load({}), prices)).toBeNull();
  });
});

describe('who bills a model', () => {
  it('is nobody for one that is here, and an upstream with a price that may be unknown for its own', async () => {
    const { settings } = await load({ upstreams: [own] }, { ANTHROPIC_API_KEY: 'sk-x' });
    const billing = (id: string | null) => billingOf(id, settings.upstreams, prices);
    expect(billing('smollm2')).toMatchObject({ upstream: null, price: { promptMicrosPerMillion: 0 } });
    expect(billing(null).upstream).toBeNull();
    expect(billing('own/priced').price?.completionMicrosPerMillion).toBe(600_000);
    expect(billing('own/other')).toEqual({ upstream: 'own', price: null });
    expect(billing('anthropic/claude-haiku-4-5-20251001').price?.promptMicrosPerMillion).toBe(1_000_000);
    expect(billing('anthropic/claude-of-the-future')).toEqual({ upstream: 'anthropic', price: null });
  });

  it('asks no price behind its last day, however long the gateway runs', async () => {
    const { settings } = await load({}, { OPENAI_API_KEY: 'sk-x' });
    let now = Date.parse('2026-12-31T23:00Z');
    const table = createPriceTable([listOf({ x: { input: 1, output: 2, until: '2026-12-31' } })], () => now);
    const billing = createBilling(settings.upstreams, table, () => now);
    expect(billing('openai/x').price?.promptMicrosPerMillion).toBe(1_000_000);
    now = Date.parse('2027-01-01T00:00Z');
    expect(billing('openai/x').price).toBeNull();
  });

  it('has at its dearest hour what long prompts cost too', async () => {
    const { settings } = await load({}, { OPENAI_API_KEY: 'sk-x' });
    const long = { above: 1000, price: { input: 5, output: 6 } };
    const offPeak = {
      price: { input: 0.5, output: 1 },
      windows: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }],
    };
    const table = createPriceTable([listOf({ x: { input: 1, output: 2, long, offPeak } })]);
    const { price, dearestPrice } = billingOf('openai/x', settings.upstreams, table);
    expect(price?.promptMicrosPerMillion).toBe(500_000);
    expect(dearestPrice).toMatchObject({
      promptMicrosPerMillion: 1_000_000,
      longPrompt: { aboveTokenCount: 1000, rates: { promptMicrosPerMillion: 5_000_000 } },
    });
  });

  it('finds a price for every model that the environment adds', async () => {
    const { settings } = await load({}, { ANTHROPIC_API_KEY: 'sk-x', OPENAI_API_KEY: 'sk-y' });
    for (const { name, models } of settings.upstreams) {
      expect(models.length).toBeGreaterThan(0);
      for (const model of models)
        expect(billingOf(`${name}/${model.name}`, settings.upstreams, prices).price).not.toBeNull();
    }
  });
});
