import { readdir, readFile, stat } from 'node:fs/promises';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readArguments } from '../src/cli/arguments.ts';
import { captured } from '../src/cli/captured.ts';
import type { Command } from '../src/cli/command.ts';
import { forget } from '../src/cli/forget.ts';
import { anthropicHello, fakeUpstream, openaiHello, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

let upstream: FakeUpstream;
let far: FarGateway;
let printed = '';

async function start(settings: object): Promise<void> {
  far = await farGateway({
    upstreams: [
      { name: 'open', baseUrl: `${upstream.url}/v1`, boundary: 'inside', models: ['m'] },
      { name: 'claude', protocol: 'anthropic', baseUrl: upstream.url, models: ['c'] },
    ],
    ...settings,
  });
}

beforeEach(async () => {
  upstream = await fakeUpstream((response, request) => {
    if (request.path.endsWith('/messages')) anthropicHello(response);
    else openaiHello(response, request);
  });
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await far.close();
  await upstream.close();
});

/** The port of the gateway that runs, as the commands find it by the settings. */
async function run(command: Command, ...words: string[]): Promise<string> {
  printed = '';
  const port = new URL(far.url).port;
  const config = [
    '--home',
    far.home,
    '--config',
    join(far.home, 'nearfar.config.json'),
    '--set',
    `port=${port}`,
  ];
  await command.run(readArguments(command, [...config, ...words]));
  return printed;
}

async function ask(
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const response = await fetch(far.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(path.endsWith('/responses') ? body : { max_tokens: 50, ...body }),
  });
  await response.text();
  return response.headers.get('x-request-id') ?? response.headers.get('request-id') ?? '';
}

const say = (content: string) => ({ messages: [{ role: 'user', content }] });

interface Line {
  readonly request_id: string;
  readonly prompt: { messages: { content: string }[] };
  readonly answer: unknown;
}

async function lines(): Promise<readonly Line[]> {
  // The gateway writes a moment later.
  await vi.waitFor(async () => {
    const metrics = await (await fetch(`${far.url}/metrics`)).text();
    expect(metrics).toMatch(/nearfar_capture_pending_characters 0\n/);
  });
  const text = await run(captured, 'export');
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

describe('capture', () => {
  it('keeps what is asked and answered on every way, but never what must not leave, nor secrets', async () => {
    // Else what looks like a key would stay here, and what stays here is not captured at all.
    await start({ capture: 'all', privacy: { detect: 'off' } });
    await ask('/v1/chat/completions', { model: 'open/m', ...say('one, passed on whole') });
    await ask('/v1/chat/completions', {
      model: 'open/m',
      stream: true,
      ...say('two, passed on as a stream'),
    });
    await ask('/v1/chat/completions', {
      model: 'claude/c',
      ...say('three, put into another dialect; sk-abcdefghijkl'),
    });
    await ask(
      '/v1/chat/completions',
      { model: 'open/m', ...say('SECRET four') },
      { 'x-nearfar-privacy': 'local_only' },
    );
    await ask(
      '/v1/messages',
      { model: 'open/m', ...say('SECRET five') },
      { 'x-nearfar-privacy': 'local_only' },
    );
    await ask('/v1/embeddings', { model: 'open/m', input: 'SECRET six' });
    const kept = await lines();
    const contents = kept.map(({ prompt }) => prompt.messages[0]?.content);
    expect(contents).toEqual([
      'one, passed on whole',
      'two, passed on as a stream',
      'three, put into another dialect; [redacted]',
    ]);
    expect(kept[0]?.answer).toMatchObject({ choices: [{ message: { content: 'Hello there' } }] });
    expect(kept[1]?.answer).toEqual([{ text: 'Hello there' }]);
    expect(kept[2]?.answer).toEqual([{ text: 'Hello there' }]);
    for (const name of await readdir(far.home)) {
      if ((await stat(join(far.home, name))).isFile())
        expect((await readFile(join(far.home, name))).includes('SECRET'), name).toBe(false);
    }
    const metrics = await (await fetch(`${far.url}/metrics`)).text();
    expect(metrics).toContain('nearfar_captured_total 3');
    expect(metrics).toContain('nearfar_capture_dropped_total 0');
    if (process.platform !== 'win32')
      expect((await stat(join(far.home, 'captured.sqlite'))).mode & 0o777).toBe(0o600);
  });

  it('is listed and shown, and forgotten by request, age and all', async () => {
    await start({ capture: 'all' });
    const first = await ask('/v1/chat/completions', { model: 'open/m', ...say('the \u001b[31mfirst') });
    const second = await ask('/v1/chat/completions', { model: 'claude/c', ...say('the second') });
    await lines();
    expect(await run(captured)).toMatch(
      new RegExp(`${second} +local +claude/c[^]*${first}[^]*2 shown of 2 kept`),
    );
    const shown = await run(captured, 'show', first);
    expect(shown).toContain('--- user\nthe \ufffd[31mfirst\n\n--- ');
    expect(shown).toContain('Hello there');
    expect(await run(captured, '--model', 'open/m', '--json')).not.toContain(second);

    const said = await run(forget, `chatcmpl-${first}`);
    expect(said).toContain('Removed 1 kept prompt with its answer.');
    expect(said).toContain('The gateway forgot 0 answers');
    expect((await lines()).map((line) => line.request_id)).toEqual([second]);
    expect(await run(captured, 'show', first)).toContain('no text is kept');
    expect(await run(forget, '--older-than', '1h')).toContain('Removed 0 kept');
    expect(await run(forget, '--key', 'somebody')).toContain('Removed 0 kept');

    mkdirSync(join(far.home, 'kv'));
    writeFileSync(join(far.home, 'kv', 'cells'), '12345');
    const all = await run(forget, '--all');
    expect(all).toContain('Removed 1 kept');
    expect(all).toContain('stop the gateway and forget again');
    expect(existsSync(join(far.home, 'kv'))).toBe(true);
    expect(await lines()).toEqual([]);
    // As if none ran: then what is on disk goes too.
    expect(await run(forget, '--all', '--set', 'port=1')).toContain('Removed 5 bytes of saved prefixes.');
    expect(existsSync(join(far.home, 'kv'))).toBe(false);
    // The ledger keeps its rows: they hold no text.
    expect(await far.rows()).toHaveLength(2);
  });

  it('has nothing to do with stored responses, which are forgotten all the same', async () => {
    await start({});
    const respond = (text: string) =>
      ask('/v1/responses', { model: 'claude/c', input: text, max_output_tokens: 20 });
    const first = await respond('the first words');
    await respond('the second words');
    await respond('the third words');
    expect(await run(forget, first)).toContain('Removed 1 stored response of /v1/responses.');
    expect(await run(forget, '--key', 'somebody')).not.toContain('stored');
    expect(await run(forget, '--key', 'local')).toContain('Removed 2 stored responses');
    for (const name of await readdir(far.home)) {
      if ((await stat(join(far.home, name))).isFile())
        expect((await readFile(join(far.home, name))).includes('words'), name).toBe(false);
    }
  });

  it('is off unless asked for, and says so', async () => {
    await start({});
    await ask('/v1/chat/completions', { model: 'open/m', ...say('hello') });
    expect(await run(captured)).toContain('the setting capture is off');
    expect(await run(captured, 'show', 'x')).toContain('the setting capture is off');
    expect((await readdir(far.home)).some((name) => name.startsWith('captured'))).toBe(false);
    await expect(run(forget)).rejects.toThrow('expected what to forget');
    await expect(run(forget, '--all', '--key', 'a')).rejects.toThrow('--all alone');
    await expect(run(captured, 'shw')).rejects.toThrow('expected nothing, show ID or export');
  });

  it('may only be forgotten by who administers', async () => {
    vi.stubEnv('NEARFAR_TEST_USER', 'a-secret-of-sixteen-characters');
    await start({ keys: [{ name: 'user', env: 'NEARFAR_TEST_USER', scopes: ['use'] }] });
    const response = await fetch(`${far.url}/forget`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer a-secret-of-sixteen-characters' },
      body: '{"all":true}',
    });
    expect(response.status).toBe(403);
    await expect(run(forget, '--all')).rejects.toThrow('scope `admin`');
    vi.unstubAllEnvs();
  });
});
