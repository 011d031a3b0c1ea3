import { readFile, readdir, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { sha256, temporaryFolder, temporaryServer } from '../../../test/models-fixtures.ts';
import { NearfarError } from '../../chat/error.ts';
import { downloadFile, type DownloadRequest } from './download.ts';
import { createHttpClient } from './http-client.ts';
import type { FetchContext } from './source.ts';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256));
const half = 150_000;

interface ServerState {
  /** Range headers as they came; `null` = none. */
  readonly ranges: (string | null)[];
  body: Buffer;
  etag: string | null;
}

/** Serves `state.body` with ranges and validators, as a good server does. */
function serve(state: ServerState, request: IncomingMessage, response: ServerResponse): void {
  const range = request.headers.range ?? null;
  const ifRange = request.headers['if-range'];
  state.ranges.push(range);
  const headers = state.etag === null ? {} : { etag: state.etag };
  const match = /^bytes=(\d+)-$/.exec(range ?? '');
  const from = Number(match?.[1]);
  if (match !== null && (ifRange === undefined || ifRange === state.etag)) {
    if (from >= state.body.length) {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${state.body.length}` }).end();
      return;
    }
    const part = state.body.subarray(from);
    response
      .writeHead(206, {
        ...headers,
        'content-length': part.length,
        'content-range': `bytes ${from}-${state.body.length - 1}/${state.body.length}`,
      })
      .end(part);
    return;
  }
  response.writeHead(200, { ...headers, 'content-length': state.body.length }).end(state.body);
}

/** Sends the first `length` bytes of the whole and cuts the connection. */
function cut(response: ServerResponse, body: Buffer, length: number, etag: string | null): void {
  response.writeHead(200, { 'content-length': body.length, ...(etag === null ? {} : { etag }) });
  response.write(body.subarray(0, length), () => {
    setTimeout(() => response.destroy(), 20);
  });
}

async function download(
  folder: string,
  url: string,
  options: Partial<DownloadRequest> & {
    readonly signal?: AbortSignal;
    readonly onBytes?: (n: number) => void;
  } = {},
): ReturnType<typeof downloadFile> {
  const { signal = new AbortController().signal, onBytes, ...request } = options;
  const client = createHttpClient(2_000);
  const context: FetchContext = {
    stagingPath: folder,
    expectedSha256: null,
    expectedDownloadBytes: null,
    connectTimeoutMs: 2_000,
    requireSpace: async () => undefined,
    onProgress: (progress) => {
      if (progress.stage === 'downloading') onBytes?.(progress.receivedBytes);
    },
    signal,
  };
  try {
    return await downloadFile(
      { url, path: join(folder, 'model.gguf'), headers: {}, sha256: null, sizeBytes: null, ...request },
      client,
      context,
    );
  } finally {
    await client.close();
  }
}

const state = (body = content, etag: string | null = '"v1"'): ServerState => ({ ranges: [], body, etag });

describe('downloadFile', () => {
  it('lands a file whole, with its SHA-256 and no traces', async () => {
    await using folder = await temporaryFolder();
    const served = state();
    await using server = await temporaryServer((request, response) => {
      serve(served, request, response);
    });
    const seen: number[] = [];
    const file = await download(folder.path, server.url, { onBytes: (bytes) => seen.push(bytes) });
    expect(file).toEqual({ path: join(folder.path, 'model.gguf'), sha256: sha256(content), verified: false });
    expect(await readFile(file.path)).toEqual(content);
    expect(await readdir(folder.path)).toEqual(['model.gguf']);
    expect(seen.at(-1)).toBe(content.length);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });

  it('says verified only where a stated SHA-256 matched', async () => {
    await using folder = await temporaryFolder();
    const served = state();
    await using server = await temporaryServer((request, response) => {
      serve(served, request, response);
    });
    expect(await download(folder.path, server.url, { sha256: sha256(content) })).toMatchObject({
      verified: true,
    });
  });

  it('goes on after the connection was cut, from where it was', async () => {
    await using folder = await temporaryFolder();
    const served = state();
    await using server = await temporaryServer((request, response) => {
      if (served.ranges.length === 0) {
        served.ranges.push(null);
        cut(response, content, half, served.etag);
      } else serve(served, request, response);
    });
    const file = await download(folder.path, server.url);
    expect(await readFile(file.path)).toEqual(content);
    expect(served.ranges).toEqual([null, `bytes=${half}-`]);
  });

  it('goes on in a later run, after an abort', async () => {
    await using folder = await temporaryFolder();
    const served = state();
    let isFirst = true;
    await using server = await temporaryServer((request, response) => {
      if (!isFirst) {
        serve(served, request, response);
        return;
      }
      isFirst = false;
      response.writeHead(200, { 'content-length': content.length, etag: '"v1"' });
      response.write(content.subarray(0, half));
    });
    const abort = new AbortController();
    await expect(
      download(folder.path, server.url, {
        signal: abort.signal,
        onBytes: (bytes) => {
          if (bytes === half) abort.abort();
        },
      }),
    ).rejects.toThrow();
    expect((await stat(join(folder.path, 'model.gguf.part'))).size).toBe(half);
    const file = await download(folder.path, server.url);
    expect(await readFile(file.path)).toEqual(content);
    expect(served.ranges).toEqual([`bytes=${half}-`]);
  });

  it('starts anew where the file changed meanwhile', async () => {
    await using folder = await temporaryFolder();
    const served = state(Buffer.from(content).reverse(), '"v2"');
    let isFirst = true;
    await using server = await temporaryServer((request, response) => {
      if (isFirst) cut(response, content, half, '"v1"');
      else serve(served, request, response);
      isFirst = false;
    });
    const file = await download(folder.path, server.url);
    expect(await readFile(file.path)).toEqual(served.body);
  });

  it('starts anew where the changed file is shorter than what is here', async () => {
    await using folder = await temporaryFolder();
    const served = state(content.subarray(0, 1000), '"v2"');
    let isFirst = true;
    await using server = await temporaryServer((request, response) => {
      if (isFirst) cut(response, content, half, '"v1"');
      else {
        // A server that ignores If-Range: its 416 must not be taken for the end.
        delete request.headers['if-range'];
        serve(served, request, response);
      }
      isFirst = false;
    });
    const file = await download(folder.path, server.url);
    expect(await readFile(file.path)).toEqual(served.body);
  });

  it('takes the whole from a server that ignores ranges', async () => {
    await using folder = await temporaryFolder();
    let count = 0;
    await using server = await temporaryServer((_request, response) => {
      count += 1;
      if (count === 1) cut(response, content, half, '"v1"');
      else response.writeHead(200, { 'content-length': content.length, etag: '"v1"' }).end(content);
    });
    const file = await download(folder.path, server.url);
    expect(await readFile(file.path)).toEqual(content);
  });

  it('does not join halves that nothing proves to belong together', async () => {
    await using folder = await temporaryFolder();
    const served = state(content, null);
    let isFirst = true;
    await using server = await temporaryServer((request, response) => {
      if (isFirst) cut(response, content, half, null);
      else serve(served, request, response);
      isFirst = false;
    });
    await download(folder.path, server.url);
    expect(served.ranges).toEqual([null]);
  });

  it('tells a corrupt file by its SHA-256, and leaves nothing of it', async () => {
    await using folder = await temporaryFolder();
    const bad = Buffer.from(content);
    bad[1000] = (bad[1000]! + 1) % 256;
    const served = state(bad);
    await using server = await temporaryServer((request, response) => {
      serve(served, request, response);
    });
    await expect(download(folder.path, server.url, { sha256: sha256(content) })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('corrupt') as string,
    });
    expect(await readdir(folder.path)).toEqual([]);
    expect(served.ranges).toHaveLength(1);
  });

  it('tries once from the start where the resumed half was corrupt', async () => {
    await using folder = await temporaryFolder();
    const served = state();
    let isFirst = true;
    const abort = new AbortController();
    await using server = await temporaryServer((request, response) => {
      if (!isFirst) {
        serve(served, request, response);
        return;
      }
      isFirst = false;
      response.writeHead(200, { 'content-length': content.length, etag: '"v1"' });
      response.write(Buffer.alloc(half, 1));
    });
    const known = sha256(content);
    await download(folder.path, server.url, {
      sha256: known,
      signal: abort.signal,
      onBytes: (bytes) => {
        if (bytes === half) abort.abort();
      },
    }).catch(() => undefined);
    const file = await download(folder.path, server.url, { sha256: known });
    expect(file.verified).toBe(true);
    expect(served.ranges).toEqual([`bytes=${half}-`, null]);
  });

  it('does not trust a body that ends early without an error', async () => {
    await using folder = await temporaryFolder();
    const served = state();
    let isFirst = true;
    await using server = await temporaryServer((request, response) => {
      // Chunked, so that the client cannot tell; the hub had stated the size.
      if (isFirst) response.writeHead(200, { etag: '"v1"' }).end(content.subarray(0, half));
      else serve(served, request, response);
      isFirst = false;
    });
    const file = await download(folder.path, server.url, { sizeBytes: content.length });
    expect(await readFile(file.path)).toEqual(content);
  });

  it('refuses more bytes than were stated', async () => {
    await using folder = await temporaryFolder();
    await using server = await temporaryServer((_request, response) => {
      response.writeHead(200).end(content);
    });
    await expect(download(folder.path, server.url, { sizeBytes: 1000 })).rejects.toThrow('longer');
  });

  it('waits as told on 429 and 503, and gives up on a host that keeps failing', async () => {
    await using folder = await temporaryFolder();
    const served = state();
    let count = 0;
    await using server = await temporaryServer((request, response) => {
      count += 1;
      if (count === 1) response.writeHead(429, { 'retry-after': '0' }).end();
      else if (count === 2) response.writeHead(503, { 'retry-after': '0' }).end();
      else serve(served, request, response);
    });
    await download(folder.path, server.url);
    await using broken = await temporaryServer((_request, response) => {
      response.writeHead(500, { 'retry-after': '0' }).end();
    });
    await expect(download(folder.path, `${broken.url}/x.gguf?token=secret`)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.not.stringContaining('secret') as string,
    });
  });

  it('says not found at once', async () => {
    await using folder = await temporaryFolder();
    let count = 0;
    await using server = await temporaryServer((_request, response) => {
      count += 1;
      response.writeHead(404).end();
    });
    await expect(download(folder.path, server.url)).rejects.toMatchObject({ kind: 'not_found' });
    expect(count).toBe(1);
  });

  it('does not send a token on to another host', async () => {
    await using folder = await temporaryFolder();
    const tokens: (string | undefined)[] = [];
    await using storage = await temporaryServer((request, response) => {
      tokens.push(request.headers.authorization);
      response.writeHead(200, { 'content-length': content.length }).end(content);
    });
    await using hub = await temporaryServer((request, response) => {
      tokens.push(request.headers.authorization);
      response.writeHead(302, { location: storage.url }).end();
    });
    await download(folder.path, hub.url, { headers: { authorization: 'Bearer secret' } });
    expect(tokens).toEqual(['Bearer secret', undefined]);
  });
});

describe('a server that does anything', () => {
  /** What the server does with one request. */
  const fault = fc.oneof(
    { weight: 1, arbitrary: fc.record({ type: fc.constant('serve' as const) }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('cut' as const), length: fc.nat(1600) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('ignore range' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('fail' as const),
        status: fc.constantFrom(429, 500, 503, 416),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('change' as const), ignoresIfRange: fc.boolean() }),
    },
  );
  const versions = [1, 2, 3, 4, 5, 6, 7, 8].map((version) =>
    Buffer.from(Array.from({ length: 1600 }, (_, index) => (index * version + version) % 256)),
  );

  it.each([
    ['with a strong ETag', true, false],
    ['without a validator', false, false],
    ['with a known SHA-256', false, true],
  ])('never yields a mixture of versions, %s', { timeout: 60_000 }, async (_name, hasEtag, isKnown) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 2, maxLength: 6 }), async (faults) => {
        await using folder = await temporaryFolder();
        let current = 0;
        let count = 0;
        const served = state(versions[0], hasEtag ? '"0"' : null);
        await using server = await temporaryServer((request, response) => {
          const next = faults[count] ?? { type: 'serve' as const };
          count += 1;
          if (next.type === 'change') {
            current += 1;
            served.body = versions[current]!;
            served.etag = hasEtag ? `"${current}"` : null;
          }
          if (next.type === 'fail') response.writeHead(next.status, { 'retry-after': '0' }).end();
          else if (next.type === 'cut') {
            cut(response, served.body, Math.min(next.length, served.body.length - 1), served.etag);
          } else {
            if (next.type === 'ignore range') delete request.headers.range;
            if (next.type === 'change' && next.ignoresIfRange) delete request.headers['if-range'];
            serve(served, request, response);
          }
        });
        const known = isKnown ? sha256(versions[0]!) : null;
        const result = await download(folder.path, server.url, { sha256: known, backoffMs: 1 }).catch(
          (error: unknown) => error,
        );
        if (result instanceof Error) {
          expect(result).toBeInstanceOf(NearfarError);
          expect(await readdir(folder.path)).not.toContain('model.gguf');
          return;
        }
        const bytes = await readFile(join(folder.path, 'model.gguf'));
        expect(versions.some((version) => version.equals(bytes))).toBe(true);
        if (isKnown) expect(bytes.equals(versions[0]!)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
