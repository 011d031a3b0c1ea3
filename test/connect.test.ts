import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readArguments } from '../src/cli/arguments.ts';
import { connect } from '../src/cli/connect.ts';
import { commentedSettings } from '../src/config/template.ts';
import { loadSettings } from '../src/config/load.ts';
import { fakeUpstream, sendJson, type Arrived, type FakeUpstream } from './fake-upstream.ts';

let upstream: FakeUpstream;
let home: string;
const printed: string[] = [];

beforeAll(async () => {
  upstream = await fakeUpstream(() => undefined);
});
afterAll(() => upstream.close());

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-connect-'));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  upstream.arrived.length = 0;
  printed.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true });
});

/** Answers by path; all else is 404. */
function serve(routes: Readonly<Record<string, object>>): void {
  upstream.respond = (response: ServerResponse, { path }: Arrived) => {
    const body = routes[path.split('?', 1)[0] ?? ''];
    sendJson(response, body === undefined ? 404 : 200, body ?? { error: 'no' });
  };
}

const run = (...words: string[]) => connect.run(readArguments(connect, ['--home', home, ...words]));
const load = () => loadSettings({ environment: {}, workingFolder: home, home });
const models = (owner: string, ...ids: string[]) => ({
  object: 'list',
  data: ids.map((id) => ({ id, object: 'model', owned_by: owner })),
});

describe('connect', () => {
  it.each([
    ['vllm', 'vllm'],
    ['llamacpp', 'llama.cpp'],
    ['sglang', 'sglang'],
    ['nearfar', 'nearfar'],
    ['someone', 'generic'],
  ])('knows who calls himself %s', async (owner, preset) => {
    serve({ '/v1/models': models(owner, 'qwen3-32b') });
    expect(await run(upstream.url, '--name', 'up')).toBe(0);
    expect((await load()).settings.upstreams).toMatchObject([
      { name: 'up', protocol: 'openai', preset, baseUrl: `${upstream.url}/v1`, boundary: 'outside' },
    ]);
    expect((await load()).settings.upstreams[0]?.models.map(({ name }) => name)).toEqual(['qwen3-32b']);
  });

  it('knows Ollama, which speaks OpenAI too', async () => {
    serve({
      '/v1/models': models('library', 'llama3.2'),
      '/api/tags': { models: [{ name: 'llama3.2:latest' }] },
    });
    await run(`${upstream.url}/v1`, '--name', 'up', '--inside');
    expect((await load()).settings.upstreams).toMatchObject([
      {
        protocol: 'ollama',
        baseUrl: upstream.url,
        boundary: 'inside',
        models: [{ name: 'llama3.2:latest' }],
      },
    ]);
  });

  it('knows Anthropic', async () => {
    serve({ '/v1/models': { data: [{ type: 'model', id: 'claude-x' }], has_more: false } });
    await run(upstream.url, '--name', 'up');
    expect((await load()).settings.upstreams).toMatchObject([
      { protocol: 'anthropic', baseUrl: upstream.url, models: [{ name: 'claude-x' }] },
    ]);
  });

  it('never writes the key, and keeps what stands in the file', async () => {
    const key = join(home, 'key');
    writeFileSync(key, 'sk-very-secret-0123456789\n');
    chmodSync(key, 0o600);
    const file = join(home, 'nearfar.config.yaml');
    writeFileSync(file, commentedSettings('yaml').replace('# port: 4242', 'port: 4343 # mine'));
    serve({ '/v1/models': models('vllm', 'a', 'b') });
    await run(`${upstream.url}/v1/chat/completions`, '--name', 'up', '--key-file', key, '--model', 'b');
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain('sk-very-secret');
    expect(printed.join('')).not.toContain('sk-very-secret');
    expect(text).toContain('port: 4343 # mine');
    for (const line of commentedSettings('yaml')
      .split('\n')
      .filter((one) => one.startsWith('# (environment'))) {
      expect(text).toContain(line);
    }
    const { settings } = await load();
    expect(settings.port).toBe(4343);
    expect(settings.upstreams).toMatchObject([{ name: 'up', file: key, models: [{ name: 'b' }] }]);
    expect(upstream.arrived[0]?.headers.authorization).toBe('Bearer sk-very-secret-0123456789');
  });

  it('adds a second one to a file of JSON, and refuses the same name twice', async () => {
    writeFileSync(join(home, 'nearfar.config.json'), '{"port": 1234}');
    serve({ '/v1/models': models('vllm', 'a') });
    await run(upstream.url, '--name', 'one');
    await run(upstream.url, '--name', 'two');
    await expect(run(upstream.url, '--name', 'two')).rejects.toThrow(/already/);
    const { settings } = await load();
    expect(settings.port).toBe(1234);
    expect(settings.upstreams.map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('says what is wrong', async () => {
    serve({});
    await expect(run(upstream.url)).rejects.toThrow(/Nothing that nearfar knows/);
    upstream.respond = (response) => {
      sendJson(response, 401, {});
    };
    await expect(run(upstream.url)).rejects.toThrow(/wants a key/);
    await expect(run('http://127.0.0.1:9')).rejects.toThrow(/refused/);
    await expect(run('ftp://x')).rejects.toThrow(/http/);
    await expect(run(`http://user:pw@127.0.0.1:9`)).rejects.toThrow(/without user/);
    serve({ '/v1/models': models('vllm', 'a') });
    await expect(run(upstream.url, '--model', 'z')).rejects.toThrow(/no model "z"/);
  });
});
