import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLoopbackHost, loadSettings, type LoadInput } from './load.ts';
import { SettingsError } from './problem.ts';
import { defaultSettings, environmentName, settingLeaves } from './schema.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const load = (more: Partial<LoadInput> = {}) =>
  loadSettings({ environment: {}, workingFolder: folder, home: path.join(folder, 'home'), ...more });

async function problemsOf(loading: Promise<unknown>): Promise<readonly string[]> {
  const thrown: unknown = await loading.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof SettingsError)) throw new Error(`expected a SettingsError, got ${String(thrown)}`);
  return thrown.message.split('\n').map((line) => line.replace(`${folder}${path.sep}`, ''));
}

const flag = (setting: string, text: string) => new Map([[setting, { flag: `--set ${setting}`, text }]]);

describe('loadSettings', () => {
  it('gives the defaults where nothing is said', async () => {
    const loaded = await load();
    expect(loaded.settings).toEqual(defaultSettings);
    expect(loaded.file).toBeNull();
    expect(new Set(loaded.sources.values())).toEqual(new Set(['default']));
  });

  it('lets the environment win over the file and flags over both, and says which one did', async () => {
    const file = write('nearfar.config.yaml', 'port: 1\nnear: a\nengine:\n  parallelCount: 2\n');
    const environment = { NEARFAR_NEAR: 'b', NEARFAR_ENGINE_PARALLEL_COUNT: '3' };
    const { settings, sources } = await load({ environment, flags: flag('engine.parallelCount', '4') });
    expect([settings.port, settings.near, settings.engine.parallelCount]).toEqual([1, 'b', 4]);
    expect(sources.get('port')).toBe(`${file}:1`);
    expect(sources.get('near')).toBe('environment NEARFAR_NEAR');
    expect(sources.get('engine.parallelCount')).toBe('flag --set engine.parallelCount');
    expect(sources.get('host')).toBe('default');
  });

  it('reads JSON with line numbers too', async () => {
    write('nearfar.config.json', '{\n  "port": 7,\n  "engine": {\n    "queueLimit": -1\n  }\n}\n');
    expect(await problemsOf(load())).toEqual([
      expect.stringMatching(/^nearfar\.config\.json:4: engine\.queueLimit: /),
    ]);
  });

  it('names every mistake with its line, and the nearest setting for an unknown one', async () => {
    write(
      'nearfar.config.yaml',
      'prot: 1\nlimit:\n  bodyBytes: 1\nengine:\n  paralelCount: 2\n  threadCount: many\nqueueLimit: 5\nkeys:\n  - name: a\n    envs: X\n',
    );
    const problems = await problemsOf(load());
    expect(problems).toContain('nearfar.config.yaml:1: unknown setting `prot`; did you mean port?');
    expect(problems).toContain('nearfar.config.yaml:2: unknown setting `limit`; did you mean limits?');
    expect(problems).toContain(
      'nearfar.config.yaml:5: unknown setting `engine.paralelCount`; did you mean engine.parallelCount?',
    );
    expect(problems).toContainEqual(
      expect.stringMatching(/^nearfar\.config\.yaml:6: engine\.threadCount: .*number/),
    );
    expect(problems).toContain(
      'nearfar.config.yaml:7: unknown setting `queueLimit`; did you mean engine.queueLimit?',
    );
    expect(problems).toContainEqual(expect.stringContaining('unknown setting `envs`; did you mean `env`?'));
  });

  it('gives the line of a mistake in the syntax', async () => {
    write('nearfar.config.yaml', 'port: 1\nport: 2\n');
    expect(await problemsOf(load())).toEqual([expect.stringMatching(/^nearfar\.config\.yaml:2: .*unique/)]);
  });

  it('refuses two files in one folder and a named one that is not there', async () => {
    write('nearfar.config.yaml', 'port: 1\n');
    write('nearfar.config.json', '{}');
    expect((await problemsOf(load()))[0]).toContain('keep one of them');
    expect((await problemsOf(load({ configFile: 'none.yaml' })))[0]).toContain(
      'there is no such settings file',
    );
  });

  it('takes numbers, lists, objects and null as text', async () => {
    const { settings } = await load({
      environment: {
        NEARFAR_ALLOWED_HOSTS: 'a.example, b.example',
        NEARFAR_ALIASES: '{"gpt-4o":"auto"}',
        NEARFAR_ENGINE_CONTEXT_TOKEN_COUNT: 'null',
        NEARFAR_ENGINE_GPU_LAYER_COUNT: '12',
        NEARFAR_NEAR: '7',
        HF_ENDPOINT: 'https://mirror.example',
      },
    });
    expect(settings.allowedHosts).toEqual(['a.example', 'b.example']);
    expect(settings.aliases).toEqual({ 'gpt-4o': 'auto' });
    expect(settings.engine.contextTokenCount).toBeNull();
    expect(settings.engine.gpuLayerCount).toBe(12);
    expect(settings.near).toBe('7');
    expect(settings.hub.endpoint).toBe('https://mirror.example');
  });

  it('refuses an unknown variable, but not those that are no settings', async () => {
    expect(await problemsOf(load({ environment: { NEARFAR_PROT: '1' } }))).toEqual([
      'environment NEARFAR_PROT: unknown setting; did you mean NEARFAR_PORT?',
    ]);
    const others = { NEARFAR_KEY_LAPTOP: 's', NEARFAR_TEST_CACHE: '/x', NEARFAR_SERVICE_HOST: '10.0.0.1' };
    await expect(load({ environment: others })).resolves.toBeDefined();
  });

  it('refuses to listen beyond loopback without a key', async () => {
    const flags = flag('host', '0.0.0.0');
    expect((await problemsOf(load({ flags })))[0]).toMatch(/^flag --set host: host: .*no key/);
    write('nearfar.config.yaml', 'keys:\n  - name: team\n    env: TEAM_SECRET\n');
    await expect(load({ flags })).resolves.toBeDefined();
  });

  it('wants exactly one place for a secret, and never the secret itself', async () => {
    write('nearfar.config.yaml', 'keys:\n  - name: a\n    secret: hunter2hunter2hunter2\n');
    const problems = await problemsOf(load());
    expect(problems.join('\n')).toContain('exactly one of `env` and `file`');
    expect(problems.join('\n')).not.toContain('hunter2');
  });
});

describe('the schema', () => {
  it('describes every setting, and gives each a variable of its own', () => {
    const leaves = settingLeaves();
    for (const leaf of leaves) expect(leaf.description, leaf.path).not.toBe('');
    const names = leaves.map((leaf) => environmentName(leaf.path));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('NEARFAR_ENGINE_TARGET_INTER_TOKEN_MS');
  });

  it('knows loopback', () => {
    expect(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]'].every(isLoopbackHost)).toBe(true);
    expect(['0.0.0.0', '::', '192.168.1.2', 'example.com', '127.0.0.1.evil.com'].some(isLoopbackHost)).toBe(
      false,
    );
  });
});
