import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fakeUpstream, openaiHello, type FakeUpstream } from './fake-upstream.ts';
import { farGateway } from './far-gateway.ts';
import { realGateway, type RealGateway } from './real-gateway.ts';

/** Modes of routes and exceptions of keys, with a model of this machine and one outside. */

const tainted = 'Write to jane.roe@initech-payroll.example, please.';
let open: FakeUpstream;
let near: RealGateway;

beforeAll(async () => {
  process.env['MODES_KEY_PLAIN'] = 'key-plain-0123456789';
  process.env['MODES_KEY_FREE'] = 'key-free-0123456789';
  open = await fakeUpstream(openaiHello);
  near = await realGateway(
    {},
    {
      aliases: { careful: 'far', gentle: 'far' },
      privacy: { modes: { far: 'local', careful: 'block' }, keys: { free: 'open' } },
      keys: [
        { name: 'plain', env: 'MODES_KEY_PLAIN' },
        { name: 'free', env: 'MODES_KEY_FREE' },
      ],
      upstreams: [{ name: 'open', baseUrl: `${open.url}/v1`, models: ['big'], retries: 0 }],
    },
  );
});

afterAll(async () => {
  await near.close();
  await open.close();
  delete process.env['MODES_KEY_PLAIN'];
  delete process.env['MODES_KEY_FREE'];
});

beforeEach(() => {
  open.arrived.length = 0;
});

const ask = (model: string, content: string, key = 'plain', headers: Record<string, string> = {}) =>
  new OpenAI({
    apiKey: `key-${key}-0123456789`,
    baseURL: `${near.url}/v1`,
    maxRetries: 0,
    defaultHeaders: headers,
  }).chat.completions
    .create({ model, messages: [{ role: 'user', content }], max_completion_tokens: 4 })
    .withResponse();

describe('the modes of routes', () => {
  it('local: the near model answers in the place of one outside', async () => {
    const { response } = await ask('far', tainted);
    expect(response.headers.get('x-nearfar-model')).toBe(near.modelId);
    expect(response.headers.get('x-nearfar-privacy')).toBe('local_only');
    const [row] = await near.gateway.ledger.recent(1);
    expect(row?.routeReasons[0]).toBe('privacy: found by email; open/big is outside');
    expect(open.arrived).toEqual([]);
  });

  it('an alias has its own mode, or that of what it stands for', async () => {
    await expect(ask('careful', tainted)).rejects.toMatchObject({ status: 403 });
    expect((await ask('gentle', tainted)).response.headers.get('x-nearfar-model')).toBe(near.modelId);
    await expect(ask('open/big', tainted)).rejects.toMatchObject({ status: 403 });
    expect(open.arrived).toEqual([]);
  });

  it('a key’s exception lets out what detectors find, not what is asked to stay', async () => {
    const { response } = await ask('far', tainted, 'free');
    expect(response.headers.get('x-nearfar-model')).toBe('open/big');
    expect(open.arrived).toHaveLength(1);
    const asked = await ask('far', `${tainted} Soon.`, 'free', { 'x-nearfar-privacy': 'local_only' });
    expect(asked.response.headers.get('x-nearfar-model')).toBe(near.modelId);
    expect(open.arrived).toHaveLength(1);
  });

  it('a crash of the local model is 503, and nobody outside is asked', async () => {
    const running = near.gateway.localModels.running()[0];
    const processId = running?.processId ?? null;
    expect(processId).not.toBeNull();
    const asking = ask('far', `${tainted} At length.`);
    process.kill(processId ?? 0, 'SIGKILL');
    const end: unknown = await asking.then(
      () => 'answered',
      (thrown: unknown) => thrown,
    );
    if (end !== 'answered') expect(end).toMatchObject({ status: 503 });
    expect(open.arrived).toEqual([]);
  });
});

describe('settings by which something could leak', () => {
  it('are refused at start, with the path', async () => {
    const upstreams = [
      { name: 'rented', baseUrl: 'https://gpu.example.com/v1', boundary: 'inside', models: ['m'] },
    ];
    await expect(farGateway({ upstreams })).rejects.toThrow(
      /upstreams\[0\]\.boundary: a tainted request could leave: far -> far is rented\/m -> https:\/\/gpu\.example\.com\/v1/,
    );
    const named = await farGateway({ upstreams, privacy: { insideHosts: ['gpu.example.com'] } });
    await named.close();
  });
});
