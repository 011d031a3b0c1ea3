import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { NearfarError } from '../../chat/error.ts';
import { fakeDisk, fakeLocks, type FakeDisk } from './fakes.ts';
import type { RemoteFile } from './fetch-file.ts';
import { createFileStore, keyOf, type FileStoreOptions } from './file-store.ts';

const body = randomBytes(300_000);
const sha256 = createHash('sha256').update(body).digest('hex');
const file: RemoteFile = {
  url: 'https://models.example/a.gguf?signature=secret',
  bytes: body.length,
  sha256,
};
const forever = new AbortController().signal;
const quiet = (): void => undefined;

interface Server {
  readonly fetch: typeof globalThis.fetch;
  /** The range of each request; null: none. */
  readonly ranges: (string | null)[];
}

interface ServerRules {
  readonly served?: Buffer;
  /** Bytes after which each connection breaks, in turn; absent: none does. */
  readonly breaks?: readonly number[];
  readonly ignoresRanges?: boolean;
  readonly status?: readonly number[];
}

function server({
  served = body,
  breaks = [],
  ignoresRanges = false,
  status = [],
}: ServerRules = {}): Server {
  const ranges: (string | null)[] = [];
  const answer = (_: unknown, init?: RequestInit): Promise<Response> => {
    const call = ranges.length;
    const headers = new Headers(init?.headers);
    ranges.push(headers.get('range'));
    const refused = status[call];
    if (refused !== undefined && refused !== 0) return Promise.resolve(new Response('', { status: refused }));
    const asked = /^bytes=(\d+)-$/.exec(headers.get('range') ?? '')?.[1];
    const from = asked === undefined || ignoresRanges ? 0 : Number(asked);
    if (from >= served.length) return Promise.resolve(new Response('', { status: 416 }));
    const limit = breaks[call] ?? Infinity;
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (init?.signal?.aborted === true) {
          controller.error(init.signal.reason);
          return;
        }
        if (sent >= limit) {
          controller.error(new TypeError('network error'));
          return;
        }
        const piece = served.subarray(
          from + sent,
          Math.min(served.length, from + sent + 50_000, from + limit),
        );
        if (piece.length === 0) controller.close();
        else controller.enqueue(new Uint8Array(piece));
        sent += piece.length;
      },
    });
    return Promise.resolve(
      new Response(stream, {
        status: from === 0 ? 200 : 206,
        headers: {
          'content-length': String(served.length - from),
          ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${served.length - 1}/${served.length}` }),
        },
      }),
    );
  };
  return { fetch: answer, ranges };
}

function storeOn(disk: FakeDisk, from: Server, more: Partial<FileStoreOptions> = {}) {
  return createFileStore({ disk, locks: fakeLocks(), fetch: from.fetch, retryMs: [1, 1, 1], ...more });
}

async function errorOf(promise: Promise<unknown>): Promise<NearfarError> {
  const thrown: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(NearfarError);
  return thrown as NearfarError;
}

describe('a download', () => {
  it('is kept, verified, and not fetched again', async () => {
    const disk = fakeDisk();
    const from = server();
    const store = storeOn(disk, from);
    expect(await store.missingBytes([file])).toBe(body.length);
    const seen: [number, number | null][] = [];
    await store.download([file], (...news) => seen.push(news), forever);
    expect(seen.at(-1)).toEqual([body.length, body.length]);
    expect(seen.map(([loaded]) => loaded)).toEqual(seen.map(([loaded]) => loaded).toSorted((a, b) => a - b));
    const [blob] = await store.open([file]);
    expect(Buffer.from(await blob!.arrayBuffer()).equals(body)).toBe(true);
    await storeOn(disk, from).download([file], quiet, forever);
    expect(await storeOn(disk, from).missingBytes([file])).toBe(0);
    expect(from.ranges).toEqual([null]);
  });

  it('goes on where the connection broke', async () => {
    const from = server({ breaks: [120_000, 60_000] });
    const disk = fakeDisk();
    await storeOn(disk, from).download([file], quiet, forever);
    expect(from.ranges).toEqual([null, 'bytes=120000-', 'bytes=180000-']);
    expect(Buffer.from(disk.files.get(`${sha256}.data`)!).equals(body)).toBe(true);
  });

  it('goes on after a reload with what an earlier visit left, which is not taken for whole meanwhile', async () => {
    const disk = fakeDisk();
    const first = server({ breaks: [100_000, 0, 0, 0] });
    const broken = await errorOf(storeOn(disk, first).download([file], quiet, forever));
    expect(broken.kind).toBe('unavailable');
    expect(broken.message).not.toContain('secret');
    const from = server();
    const store = storeOn(disk, from);
    expect(await store.missingBytes([file])).toBe(200_000);
    expect((await errorOf(store.open([file]))).kind).toBe('unavailable');
    await store.download([file], quiet, forever);
    expect(from.ranges).toEqual(['bytes=100000-']);
    expect(Buffer.from(await (await store.open([file]))[0]!.arrayBuffer()).equals(body)).toBe(true);
  });

  it('begins anew where the server knows no ranges, and where what was kept is damaged', async () => {
    const disk = fakeDisk();
    disk.files.set(`${sha256}.data`, new Uint8Array(100_000));
    const damaged = server();
    await storeOn(disk, damaged).download([file], quiet, forever);
    expect(damaged.ranges).toEqual(['bytes=100000-', null]);
    const other = fakeDisk();
    other.files.set(`${sha256}.data`, new Uint8Array(body.subarray(0, 10)));
    const whole = server({ ignoresRanges: true });
    await storeOn(other, whole).download([file], quiet, forever);
    expect(Buffer.from(other.files.get(`${sha256}.data`)!).equals(body)).toBe(true);
  });

  it('is hashed again and not fetched where only its record was lost', async () => {
    const disk = fakeDisk();
    disk.files.set(`${sha256}.data`, new Uint8Array(body));
    disk.files.set(`${sha256}.record`, new TextEncoder().encode('{"bytes":3'));
    const from = server();
    const store = storeOn(disk, from);
    expect((await errorOf(store.open([file]))).kind).toBe('unavailable');
    await store.download([file], quiet, forever);
    expect(from.ranges).toEqual([]);
    expect(await store.missingBytes([file])).toBe(0);
  });

  it('is refused where it is not what was stated', async () => {
    const forged = Buffer.from(body);
    forged[7] = (forged[7] ?? 0) ^ 1;
    const disk = fakeDisk();
    const wrong = await errorOf(storeOn(disk, server({ served: forged })).download([file], quiet, forever));
    expect(wrong.kind).toBe('upstream_failed');
    expect(wrong.message).toContain('SHA-256');
    expect(disk.files.get(`${sha256}.data`)?.length).toBe(0);
    const longer = server({ served: Buffer.concat([body, body]) });
    expect((await errorOf(storeOn(fakeDisk(), longer).download([file], quiet, forever))).message).toContain(
      'stated',
    );
  });

  it('says what the server says, and asks again only where that may help', async () => {
    for (const [status, kind] of [
      [401, 'unauthorized'],
      [403, 'forbidden'],
      [404, 'not_found'],
      [400, 'unavailable'],
    ] as const) {
      const from = server({ status: [status] });
      expect((await errorOf(storeOn(fakeDisk(), from).download([file], quiet, forever))).kind).toBe(kind);
      expect(from.ranges).toHaveLength(1);
    }
    const busy = server({ status: [503, 429] });
    await storeOn(fakeDisk(), busy).download([file], quiet, forever);
    expect(busy.ranges).toHaveLength(3);
  });

  it('can be aborted, and what came is kept', async () => {
    const abort = new AbortController();
    const disk = fakeDisk();
    const store = storeOn(disk, server());
    const stopped = store.download(
      [file],
      (loaded) => {
        if (loaded >= 100_000) abort.abort();
      },
      abort.signal,
    );
    expect((await errorOf(stopped)).kind).toBe('aborted');
    expect(disk.files.get(`${sha256}.data`)!.length).toBeGreaterThanOrEqual(100_000);
    expect(disk.files.get(`${sha256}.data`)!.length).toBeLessThan(body.length);
  });

  it('is fetched once for two tabs, and both see it grow', async () => {
    const disk = fakeDisk();
    const locks = fakeLocks();
    const from = server();
    const [one, two] = [0, 1].map(() => storeOn(disk, from, { locks }));
    const seen: number[] = [];
    await Promise.all([
      one!.download([file], quiet, forever),
      two!.download([file], (loaded) => seen.push(loaded), forever),
    ]);
    expect(from.ranges).toHaveLength(1);
    expect(seen.at(-1)).toBe(body.length);
  });
});

describe('room', () => {
  it('is told beforehand where there is too little, in numbers, and nothing is fetched', async () => {
    const disk = fakeDisk();
    disk.quotaBytes = 200_000;
    const from = server();
    const full = await errorOf(storeOn(disk, from).download([file], quiet, forever));
    expect(full.kind).toBe('too_large');
    expect(full.message).toMatch(/needs 0\.3 MB more, and the browser gives/);
    expect(from.ranges).toEqual([]);
  });

  it('that ends on the way is made by removing others, and is the same error where that is not enough', async () => {
    // As in Chromium: what the browser tells has nothing to do with what there is.
    const disk = fakeDisk();
    const blind = { ...disk, estimate: () => Promise.resolve({ usedBytes: 0, quotaBytes: 10e9 }) };
    disk.quotaBytes = 330_000;
    disk.files.set('other.data', new Uint8Array(50_000));
    const from = server();
    await createFileStore({ disk: blind, locks: fakeLocks(), fetch: from.fetch, retryMs: [1] }).download(
      [file],
      quiet,
      forever,
    );
    expect(disk.files.has('other.data')).toBe(false);
    // It went on where it stopped.
    expect(from.ranges).toEqual([null, 'bytes=250000-']);

    const small = fakeDisk();
    small.quotaBytes = 150_000;
    small.files.set('other.data', new Uint8Array(50_000));
    const store = createFileStore({
      disk: { ...small, estimate: () => Promise.resolve(null) },
      locks: fakeLocks(),
      fetch: server().fetch,
      retryMs: [1],
    });
    const full = await errorOf(store.download([file], quiet, forever));
    expect(full.kind).toBe('too_large');
    expect(full.message).toContain('has no more room');
    expect(small.files.has('other.data')).toBe(true);
  });

  it('is made by removing what was used longest ago, and never what a tab uses', async () => {
    const disk = fakeDisk();
    let time = 1;
    const locks = fakeLocks();
    const files = [1, 2, 3].map((seed) => {
      const bytes = Buffer.alloc(100_000, seed);
      return {
        bytes,
        file: {
          url: `https://m.example/${seed}`,
          bytes: 100_000,
          sha256: createHash('sha256').update(bytes).digest('hex'),
        },
      };
    });
    const storeFor = (index: number) =>
      storeOn(disk, server({ served: files[index]!.bytes }), {
        locks,
        budgetBytes: 250_000,
        now: () => time++,
      });
    const store = storeFor(0);
    await store.download([files[0]!.file], quiet, forever);
    await storeFor(1).download([files[1]!.file], quiet, forever);
    await store.open([files[0]!.file]);
    await storeFor(2).download([files[2]!.file], quiet, forever);
    const left = async (): Promise<string[]> => (await store.kept()).map(({ key }) => key).sort();
    expect(await left()).toEqual([keyOf(files[0]!.file), keyOf(files[2]!.file)].sort());

    let leave = quiet;
    store.use([files[0]!.file], new Promise<void>((resolve) => (leave = resolve)));
    await storeFor(1).download([files[1]!.file], quiet, forever);
    expect(await left()).toEqual([keyOf(files[0]!.file), keyOf(files[1]!.file)].sort());
    expect((await errorOf(store.remove(keyOf(files[0]!.file)))).kind).toBe('conflict');
    leave();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.remove(keyOf(files[0]!.file));
    expect(await left()).toEqual([keyOf(files[1]!.file)]);
  });
});
