import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from './load.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const load = (file: object = {}, environment: Readonly<Record<string, string>> = {}) => {
  writeFileSync(path.join(folder, 'nearfar.config.json'), JSON.stringify(file));
  return loadSettings({ environment, workingFolder: folder, home: folder });
};

const one = { name: 'up', baseUrl: 'http://127.0.0.1:1/v1' };

describe('upstreams', () => {
  it('are outside unless the owner says otherwise, on loopback too', async () => {
    const { settings } = await load({
      upstreams: [one, { ...one, name: 'in', boundary: 'inside', models: ['m'] }],
    });
    expect(settings.upstreams.map(({ boundary }) => boundary)).toEqual(['outside', 'inside']);
    expect(settings.upstreams[0]).toMatchObject({ protocol: 'openai', forwardClientKey: false, models: [] });
    expect(settings.upstreams[1]?.models).toEqual([
      { name: 'm', contextTokenCount: null, maxTokenCount: null },
    ]);
  });

  it('are added by the keys of the environment, whose text is nowhere in the settings', async () => {
    const loaded = await load({}, { OPENAI_API_KEY: 'sk-one', ANTHROPIC_API_KEY: 'sk-two' });
    expect(loaded.settings.upstreams).toMatchObject([
      { name: 'openai', env: 'OPENAI_API_KEY', baseUrl: 'https://api.openai.com/v1', boundary: 'outside' },
      { name: 'anthropic', env: 'ANTHROPIC_API_KEY', protocol: 'anthropic', boundary: 'outside' },
    ]);
    expect(JSON.stringify(loaded)).not.toContain('sk-');
    expect(loaded.sources.get('upstreams')).toBe('environment OPENAI_API_KEY and ANTHROPIC_API_KEY');
  });

  it('of the settings go before those of the environment', async () => {
    const own = { ...one, name: 'mine', env: 'OPENAI_API_KEY' };
    const { settings } = await load({ upstreams: [own] }, { OPENAI_API_KEY: 'sk-one' });
    expect(settings.upstreams.map(({ name }) => name)).toEqual(['mine']);
  });

  it('may have replicas, balanced by prefix, of which a second is not asked', async () => {
    const { settings } = await load({
      upstreams: [one, { ...one, name: 'two', replicas: ['http://127.0.0.1:2/v1/'], hedge: 'auto' }],
    });
    expect(settings.upstreams).toMatchObject([
      { replicas: [], balance: 'prefix', hedge: 'off' },
      { replicas: ['http://127.0.0.1:2/v1'], balance: 'prefix', hedge: 'auto' },
    ]);
  });

  it('do not follow addresses that are meant for clients', async () => {
    const environment = { ANTHROPIC_API_KEY: 'sk-two', ANTHROPIC_BASE_URL: 'http://localhost:4242' };
    expect((await load({}, environment)).settings.upstreams[0]?.baseUrl).toBe('https://api.anthropic.com');
  });

  it.each([
    [{ upstreams: [one, one] }, /two are called up/],
    [{ upstreams: [{ ...one, env: 'A', file: 'b' }] }, /at most one of `env` and `file`/],
    [{ upstreams: [{ ...one, key: 'sk-secret' }] }, /unknown setting `key`/],
    [{ upstreams: [{ ...one, boundry: 'inside' }] }, /did you mean `boundary`/],
    [{ upstreams: [{ ...one, name: 'a/b' }] }, /letters, digits, dots/],
    [{ upstreams: [{ ...one, baseUrl: 'http://u:sk-secret@h/v1' }] }, /without user/],
    [{ upstreams: [{ ...one, baseUrl: 'http://h/v1?key=sk-secret' }] }, /without user, query/],
    [{ upstreams: [{ ...one, models: ['m', { name: 'm' }] }] }, /two models have the same name/],
    [
      { upstreams: [{ ...one, replicas: ['http://127.0.0.1:2/v1', one.baseUrl] }] },
      /an address stands there twice/,
    ],
    [{ upstreams: [{ ...one, replicas: ['http://u:sk-secret@h/v1'] }] }, /without user/],
    [{ upstreams: [{ ...one, balance: 'fastest' }] }, /prefix/],
    [{ upstreams: [{ ...one, hedge: 0 }] }, /hedge/],
    [{ upstreams: [{ ...one, hedge: 'auto' }] }, /nobody to ask a second time/],
    [{ upstreams: [one], far: 'other/m' }, /other\/m is no model of an upstream/],
    [{ far: 'x' }, /there is no upstream/],
    [
      { upstreams: [{ ...one, forwardClientKey: true }], keys: [{ name: 'k', env: 'K' }] },
      /keys of this gateway/,
    ],
  ])('%j is refused', async (file, message) => {
    await expect(load(file)).rejects.toThrow(message);
    await expect(load(file)).rejects.not.toThrow(/sk-secret/);
  });
});
