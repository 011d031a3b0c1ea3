import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

import { sha256, temporaryFolder, temporaryServer, tinyModel } from '../../../test/models-fixtures.ts';
import { parseReference } from '../reference.ts';
import { chooseHubFile, fetchHub } from './huggingface.ts';
import type { FetchContext } from './source.ts';

const commit = 'a'.repeat(40);

interface FakeHub extends AsyncDisposable {
  readonly url: string;
  readonly requests: string[];
}

/** A hub with files in large-file storage: HEAD states SHA-256 and size, GET redirects to the storage. */
async function fakeHub(
  files: Readonly<Record<string, Buffer>>,
  options: { readonly token?: string; readonly statesSha256?: boolean; readonly oldName?: string } = {},
): Promise<FakeHub> {
  const requests: string[] = [];
  const server = await temporaryServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://hub');
    requests.push(`${request.method ?? ''} ${url.pathname}`);
    if (url.pathname.startsWith('/storage/')) {
      const body = files[decodeURIComponent(url.pathname.slice('/storage/'.length))];
      response.writeHead(body === undefined ? 404 : 200, { etag: '"storage-etag"' }).end(body);
      return;
    }
    if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`) {
      response.writeHead(401).end();
      return;
    }
    if (options.oldName !== undefined && url.pathname.startsWith(`/${options.oldName}/`)) {
      response.writeHead(307, { location: url.pathname.replace(options.oldName, 'owner/repo') }).end();
      return;
    }
    if (url.pathname.startsWith('/api/models/owner/repo/tree/')) {
      const tree = Object.entries(files).map(([path, body]) => ({ type: 'file', path, size: body.length }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(tree));
      return;
    }
    const match = /^\/owner\/repo\/resolve\/[^/]+\/(.+)$/.exec(url.pathname);
    const body = files[decodeURIComponent(match?.[1] ?? '')];
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    response
      .writeHead(302, {
        location: `/storage/${match?.[1] ?? ''}`,
        'x-repo-commit': commit,
        'x-linked-size': body.length,
        'x-linked-etag': options.statesSha256 === false ? '"abc"' : `"${sha256(body)}"`,
      })
      .end();
  });
  return { url: server.url, requests, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function pull(
  hub: { readonly url: string },
  reference: string,
  folder: string,
  token: string | null = null,
): ReturnType<typeof fetchHub> {
  const parsed = parseReference(reference);
  if (parsed.scheme !== 'hf') throw new Error('not a hub reference');
  const context: FetchContext = {
    stagingPath: folder,
    expectedSha256: null,
    expectedDownloadBytes: null,
    connectTimeoutMs: 2_000,
    requireSpace: async () => undefined,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  };
  return fetchHub(parsed, { endpoint: hub.url, token }, context);
}

describe('fetchHub', () => {
  it('checks the SHA-256 that the hub states, at the commit that the revision stood for', async () => {
    const body = tinyModel();
    await using hub = await fakeHub({ 'sub/model.gguf': body });
    await using folder = await temporaryFolder();
    const [file] = await pull(hub, 'hf:owner/repo/sub/model.gguf', folder.path);
    expect(file).toMatchObject({ sha256: sha256(body), verified: true });
    expect(await readFile(file!.path)).toEqual(body);
    expect(hub.requests).toEqual([
      'HEAD /owner/repo/resolve/main/sub/model.gguf',
      `GET /owner/repo/resolve/${commit}/sub/model.gguf`,
      'GET /storage/sub/model.gguf',
    ]);
  });

  it('is unverified where the hub states none', async () => {
    await using hub = await fakeHub({ 'model.gguf': tinyModel() }, { statesSha256: false });
    await using folder = await temporaryFolder();
    const [file] = await pull(hub, 'owner/repo/model.gguf', folder.path);
    expect(file?.verified).toBe(false);
  });

  it('fetches every part of a split model', async () => {
    await using hub = await fakeHub({
      'm-00001-of-00002.gguf': Buffer.from('one'),
      'm-00002-of-00002.gguf': Buffer.from('two'),
    });
    await using folder = await temporaryFolder();
    const files = await pull(hub, 'hf:owner/repo/m-00001-of-00002.gguf', folder.path);
    expect(files.map((file) => file.path.split('/').at(-1))).toEqual([
      'm-00001-of-00002.gguf',
      'm-00002-of-00002.gguf',
    ]);
  });

  it('chooses a file where only the repository is named', async () => {
    await using hub = await fakeHub({ 'm-Q8_0.gguf': Buffer.from('8'), 'm-Q4_K_M.gguf': Buffer.from('4') });
    await using folder = await temporaryFolder();
    const [usual] = await pull(hub, 'hf:owner/repo', folder.path);
    expect(usual?.path).toMatch(/m-Q4_K_M\.gguf$/);
    const [named] = await pull(hub, 'hf:owner/repo:q8_0', folder.path);
    expect(named?.path).toMatch(/m-Q8_0\.gguf$/);
    await expect(pull(hub, 'hf:owner/repo:q2_k', folder.path)).rejects.toThrow('no GGUF file in Q2_K');
  });

  it('follows a renamed repository within the hub', async () => {
    await using hub = await fakeHub({ 'model.gguf': tinyModel() }, { oldName: 'owner/old' });
    await using folder = await temporaryFolder();
    const [file] = await pull(hub, 'hf:owner/old/model.gguf', folder.path);
    expect(file?.verified).toBe(true);
  });

  it('sends the token, and says what to do without one', async () => {
    await using hub = await fakeHub({ 'model.gguf': tinyModel() }, { token: 'hf_secret' });
    await using folder = await temporaryFolder();
    await expect(pull(hub, 'hf:owner/repo/model.gguf', folder.path)).rejects.toThrow('HF_TOKEN');
    const [file] = await pull(hub, 'hf:owner/repo/model.gguf', folder.path, 'hf_secret');
    expect(file?.verified).toBe(true);
    await expect(pull(hub, 'hf:owner/repo/none.gguf', folder.path, 'hf_secret')).rejects.toMatchObject({
      kind: 'not_found',
      message: expect.not.stringContaining('hf_secret') as string,
    });
  });

  it('says in words where the hub cannot be reached', async () => {
    await using folder = await temporaryFolder();
    const gone = await temporaryServer(() => undefined);
    await gone[Symbol.asyncDispose]();
    await expect(pull(gone, 'hf:owner/repo/model.gguf', folder.path)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('refused') as string,
    });
  });
});

describe('chooseHubFile', () => {
  it('prefers balance, skips projectors, and starts split models at their first part', () => {
    expect(chooseHubFile(['a-Q8_0.gguf', 'a-Q4_0.gguf', 'readme.md'], null)).toBe('a-Q4_0.gguf');
    expect(chooseHubFile(['mmproj-F16.gguf', 'a-F16.gguf'], null)).toBe('a-F16.gguf');
    expect(chooseHubFile(['a-Q4_K_M-00002-of-00002.gguf', 'a-Q4_K_M-00001-of-00002.gguf'], 'Q4_K_M')).toBe(
      'a-Q4_K_M-00001-of-00002.gguf',
    );
    expect(chooseHubFile(['odd.gguf'], null)).toBe('odd.gguf');
    expect(chooseHubFile([], null)).toBeNull();
  });
});
