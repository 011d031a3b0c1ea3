import { createHash, randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fakeFacts, fakeGateway, hello, listeningFakeGateway } from '../../test/fake-gateway.ts';
import { noLimits } from '../access/limits.ts';
import { createOfferedFiles } from '../models/offered-files.ts';
import type { InstalledModel } from '../models/store.ts';
import { defaultHttpLimits, type AppDependencies, type PageServing } from './dependencies.ts';

const folder = mkdtempSync(join(tmpdir(), 'nearfar-files-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const bytes = randomBytes(700_000);
const digest = createHash('sha256').update(bytes).digest('hex');
const path = join(folder, 'tiny-q4_0.gguf');
writeFileSync(path, bytes);
writeFileSync(join(folder, 'secret.txt'), 'not a model');

const model: InstalledModel = {
  id: 'tiny',
  facts: fakeFacts,
  path,
  files: [path],
  reference: 'pypi:tiny',
  owner: 'nearfar',
};
const origin = 'https://app.example.com';
const fileUrl = '/models/files/tiny/tiny-q4_0.gguf';

function overrides(
  models: readonly InstalledModel[] = [model],
  pages: Partial<PageServing> = {},
): Partial<AppDependencies> {
  const { store } = fakeGateway().dependencies;
  return {
    store: {
      ...store,
      list: async () => models,
      find: async (id) => models.find((each) => each.id === id) ?? null,
    },
    pages: { offersModel: (id) => id === 'tiny', files: createOfferedFiles(), page: null, ...pages },
    hosts: { isLoopback: true, allowedHosts: [], allowedOrigins: [origin] },
  };
}

const gateway = (...given: Parameters<typeof overrides>) => fakeGateway(hello, overrides(...given)).app;

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

describe('model files', () => {
  it('are listed with size and digest', async () => {
    const response = await gateway().request('/models/files');
    expect(await response.json()).toEqual({
      object: 'list',
      data: [
        {
          id: 'tiny',
          format: 'Q4_0',
          grade: 'smoke test',
          license: 'Apache-2.0',
          context_length: 2048,
          files: [{ name: 'tiny-q4_0.gguf', bytes: bytes.length, sha256: digest, url: fileUrl }],
        },
      ],
    });
  });

  it('come whole, and in the ranges that are asked for', async () => {
    const app = gateway();
    const whole = await app.request(fileUrl);
    expect(whole.status).toBe(200);
    expect(whole.headers.get('etag')).toBe(`"${digest}"`);
    expect(whole.headers.get('accept-ranges')).toBe('bytes');
    expect(whole.headers.get('content-length')).toBe(String(bytes.length));
    expect((await bytesOf(whole)).equals(bytes)).toBe(true);

    const part = await app.request(fileUrl, {
      headers: { range: 'bytes=299999-', 'if-range': `"${digest}"` },
    });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 299999-${bytes.length - 1}/${bytes.length}`);
    expect((await bytesOf(part)).equals(bytes.subarray(299_999))).toBe(true);

    const other = await app.request(fileUrl, { headers: { range: 'bytes=5-', 'if-range': '"older"' } });
    expect(other.status).toBe(200);
    expect((await bytesOf(other)).length).toBe(bytes.length);

    const behind = await app.request(fileUrl, { headers: { range: `bytes=${bytes.length}-` } });
    expect(behind.status).toBe(416);
    expect(behind.headers.get('content-range')).toBe(`bytes */${bytes.length}`);

    const known = await app.request(fileUrl, { headers: { 'if-none-match': `"${digest}"` } });
    expect(known.status).toBe(304);
  });

  it('may be read by the origins that the settings list, and by no other', async () => {
    const app = gateway();
    const allowed = await app.request(fileUrl, { headers: { origin } });
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
    expect(allowed.headers.get('access-control-expose-headers')).toContain('content-range');
    expect(allowed.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(allowed.headers.get('vary')).toBe('Origin');
    const preflight = await app.request(fileUrl, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'range, if-range',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('range, if-range');

    const own = await app.request(fileUrl);
    expect(own.headers.get('access-control-allow-origin')).toBeNull();
    expect(own.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(own.headers.get('vary')).toBe('Origin');

    for (const method of ['GET', 'OPTIONS']) {
      const foreign = await app.request(fileUrl, { method, headers: { origin: 'https://evil.example' } });
      expect(foreign.status).toBe(403);
      expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('are only those that the owner offers and nearfar keeps', async () => {
    const refused = await gateway([model], { offersModel: () => false }).request(fileUrl);
    expect(refused.status).toBe(403);
    expect(JSON.stringify(await refused.json())).toContain('pages.models');
    const others = await gateway([{ ...model, owner: 'ollama' }]).request(fileUrl);
    expect(others.status).toBe(403);
    const list = await gateway([{ ...model, owner: 'ollama' }]).request('/models/files');
    expect(await list.json()).toEqual({ object: 'list', data: [] });
    expect((await gateway().request('/models/files/unknown/x.gguf')).status).toBe(404);
    // Without the rooms for pages there is no route at all.
    const { pages: _, ...without } = overrides();
    expect((await fakeGateway(hello, without).app.request(fileUrl)).status).toBe(404);
  });

  it('are never another path', async () => {
    const app = gateway();
    for (const name of [
      'secret.txt',
      '..%2Ftiny-q4_0.gguf',
      '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
      '..%5Csecret.txt',
      encodeURIComponent(path),
      'tiny-q4_0.gguf%00',
    ]) {
      const response = await app.request(`/models/files/tiny/${name}`);
      expect(response.status, name).toBe(404);
    }
  });

  it('need a key where keys are needed, and one that may ask the model', async () => {
    const keyed = fakeGateway(hello, {
      ...overrides(),
      access: {
        authenticate: (secret) => ({
          keyName: secret ?? '',
          tenant: 'x',
          scopes: new Set(secret === 'none' ? [] : ['use']),
          limits: { ...noLimits, models: secret === 'all' ? null : ['other'] },
        }),
      },
    }).app;
    const status = async (secret: string): Promise<number> =>
      (await keyed.request(fileUrl, { headers: { authorization: `Bearer ${secret}` } })).status;
    expect(await status('none')).toBe(403);
    expect(await status('bound')).toBe(403);
    expect(await status('all')).toBe(200);
    const listed = await keyed.request('/models/files', { headers: { authorization: 'Bearer bound' } });
    expect(await listed.json()).toEqual({ object: 'list', data: [] });
  });
});

describe('over a socket', () => {
  /** Files of this process that are open now. */
  const isOpen = (): boolean =>
    process.platform === 'linux' &&
    readdirSync('/proc/self/fd').some((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false;
      }
    });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it('HEAD has the headers and no body, and a range resumes what was cut off', async () => {
    const { server } = await listeningFakeGateway(hello, overrides());
    try {
      const head = await fetch(server.url + fileUrl, { method: 'HEAD' });
      expect(head.status).toBe(200);
      expect(head.headers.get('content-length')).toBe(String(bytes.length));
      expect(head.headers.get('etag')).toBe(`"${digest}"`);
      expect((await head.arrayBuffer()).byteLength).toBe(0);
      expect(isOpen()).toBe(false);

      const abort = new AbortController();
      const cut = await fetch(server.url + fileUrl, { signal: abort.signal });
      const reader = cut.body!.getReader();
      const first = Buffer.from((await reader.read()).value ?? []);
      abort.abort();
      const rest = await fetch(server.url + fileUrl, { headers: { range: `bytes=${first.length}-` } });
      expect(rest.status).toBe(206);
      expect(Buffer.concat([first, await bytesOf(rest)]).equals(bytes)).toBe(true);
      await until(() => !isOpen());
    } finally {
      await server.close(0);
    }
  });

  it('lets go of a reader that stops reading', async () => {
    const big = join(folder, 'big.gguf');
    writeFileSync(big, Buffer.alloc(64 * 1024 * 1024));
    const { server } = await listeningFakeGateway(hello, {
      ...overrides([{ ...model, path: big, files: [big], digests: new Map([['big.gguf', digest]]) }]),
      limits: { ...defaultHttpLimits, slowClientMs: 200 },
    });
    const socket = connect(server.port, '127.0.0.1');
    try {
      socket.pause();
      socket.write('GET /models/files/tiny/big.gguf HTTP/1.1\r\nhost: localhost\r\n\r\n');
      await new Promise<void>((resolve) => {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          resolve();
        });
        // What the kernel holds is read only now, after the cut.
        setTimeout(() => socket.resume(), 1_500);
      });
      expect(socket.bytesRead).toBeLessThan(64 * 1024 * 1024);
    } finally {
      socket.destroy();
      await server.close(0);
    }
  });
});

describe('the page of pages.folder', () => {
  const page = join(folder, 'page');
  mkdirSync(join(page, 'assets'), { recursive: true });
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>x</title>');
  writeFileSync(join(page, 'assets', 'app.js'), 'export {};');
  writeFileSync(join(page, '.env'), 'SECRET=1');
  symlinkSync(join(folder, 'secret.txt'), join(page, 'link.txt'));
  const app = gateway([], { page: { folder: page, embedderPolicy: 'require-corp' } });

  it('is served isolated, with its types', async () => {
    const index = await app.request('/pages/');
    expect(index.status).toBe(200);
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(index.headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(index.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    expect(await index.text()).toContain('<title>x</title>');
    const script = await app.request('/pages/assets/app.js');
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    // A worker is loaded into an isolated page only if it says the same.
    expect(script.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    const again = await app.request('/pages/assets/app.js', {
      headers: { 'if-none-match': script.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
  });

  it('is not isolated where the owner does not want it', async () => {
    const off = gateway([], { page: { folder: page, embedderPolicy: 'off' } });
    expect((await off.request('/pages/')).headers.get('cross-origin-embedder-policy')).toBeNull();
  });

  it('never leaves its folder', async () => {
    for (const name of [
      '.env',
      'link.txt',
      'assets',
      'nothing.js',
      '%2e%2e/secret.txt',
      '..%2Fsecret.txt',
      'assets%2F..%2F..%2Fsecret.txt',
      '%2Fetc%2Fpasswd',
      'a%00b',
    ])
      expect((await app.request(`/pages/${name}`)).status, name).toBe(404);
    expect((await gateway().request('/pages/')).status).toBe(404);
  });
});
