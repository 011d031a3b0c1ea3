import { NearfarError } from '../../chat/error.ts';
import { isNamed, type DiskWriter } from './disk.ts';
import { abortedError, nameOf, noRoom } from './download-errors.ts';
import { Sha256 } from './sha256.ts';

/** A file of a model, where it comes from and what it must be. */
export interface RemoteFile {
  readonly url: string;
  /** Null: as the server says. */
  readonly bytes: number | null;
  /** Lower-case hex; null: nobody stated it, so only the size is checked. */
  readonly sha256: string | null;
  /** E.g. a bearer token. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FetchOptions {
  readonly fetch: typeof globalThis.fetch;
  /** Called with the bytes that are there, after each piece; the total is null until it is known. */
  readonly onBytes: (byteCount: number, totalBytes: number | null) => void;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte after which a connection counts as dead. @default 30000 */
  readonly stallMs?: number;
  /** Waits before asking again, in milliseconds; as many tries without a byte. @default [500, 2000, 5000] */
  readonly retryMs?: readonly number[];
}

export interface FetchedFile {
  readonly bytes: number;
  readonly sha256: string;
}

const pieceBytes = 1024 * 1024;

/** The connection broke; what came is kept, and the rest can be asked for. */
class Interrupted extends Error {
  readonly afterMs: number | null;
  constructor(message: string, cause?: unknown, afterMs: number | null = null) {
    super(message, { cause });
    this.afterMs = afterMs;
  }
}

/**
 * Brings a file into `writer`, going on from what it holds: by a range that the server gives only while the file is the same
 * (`If-Range`), and begun anew where it does not. Everything is hashed as it comes; what was there is read again first.
 * @throws NearfarError `aborted`; `too_large` where the browser has no room; `upstream_failed` where what came is not what was
 *   stated; `unauthorized`, `forbidden`, `not_found` or `unavailable` as the server or the network has it
 */
export async function fetchFile(
  file: RemoteFile,
  writer: DiskWriter,
  options: FetchOptions,
): Promise<FetchedFile> {
  const retryMs = options.retryMs ?? [500, 2_000, 5_000];
  let failedCount = 0;
  let hasRestarted = false;
  if (file.bytes !== null && writer.size > file.bytes) writer.truncate(0);
  let hash = await hashOf(writer, file.bytes, options);
  for (;;) {
    const before = hash.byteCount;
    try {
      const total = await fetchRest(file, writer, options, {
        get hash() {
          return hash;
        },
        restart() {
          writer.truncate(0);
          hash = new Sha256();
        },
      });
      writer.flush();
      const sha256 = hash.digest();
      if (file.sha256 === null || sha256 === file.sha256) return { bytes: total, sha256 };
      // What an earlier visit left may be damaged: once more, from the beginning.
      writer.truncate(0);
      if (hasRestarted || before === 0) throw wrongDigest(file, sha256);
      hasRestarted = true;
      hash = new Sha256();
    } catch (thrown) {
      if (options.signal.aborted) throw abortedError(options.signal.reason);
      if (!(thrown instanceof Interrupted)) throw thrown;
      failedCount = hash.byteCount > before ? 0 : failedCount + 1;
      const wait = retryMs[Math.min(failedCount, retryMs.length - 1)];
      if (failedCount >= retryMs.length || wait === undefined) {
        throw new NearfarError('unavailable', `${nameOf(file.url)} could not be fetched: ${thrown.message}`, {
          cause: thrown.cause ?? thrown,
        });
      }
      await sleep(thrown.afterMs ?? wait, options.signal);
    }
  }
}

interface Progress {
  readonly hash: Sha256;
  /** Forgets what came. */
  restart(): void;
}

/** One connection. @returns the file's size */
async function fetchRest(
  file: RemoteFile,
  writer: DiskWriter,
  { fetch, onBytes, signal, stallMs = 30_000 }: FetchOptions,
  progress: Progress,
): Promise<number> {
  const from = progress.hash.byteCount;
  if (file.bytes !== null && from === file.bytes) return from;
  const stall = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isAlive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      stall.abort();
    }, stallMs);
  };
  isAlive();
  try {
    const response = await fetch(file.url, {
      headers: { ...file.headers, ...(from === 0 ? {} : rangeFrom(from, file.sha256)) },
      signal: AbortSignal.any([signal, stall.signal]),
      // It is kept here: a second copy in the browser's cache would only cost room.
      cache: 'no-store',
    });
    const total = readHead(response, file, from, progress);
    if (total === null) return await fetchRest(file, writer, { fetch, onBytes, signal, stallMs }, progress);
    if (response.body === null) throw new Interrupted('the server sent no body');
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        isAlive();
        if (total.bytes !== null && progress.hash.byteCount + value.length > total.bytes)
          throw notAsStated(file, `is longer than the ${total.bytes} bytes that were stated`);
        write(writer, value, progress.hash.byteCount, file, total.bytes);
        progress.hash.update(value);
        onBytes(progress.hash.byteCount, total.bytes);
      }
    } finally {
      // Whatever happened: nothing more is wanted of this connection.
      void reader.cancel().catch(() => undefined);
    }
    const came = progress.hash.byteCount;
    if (total.bytes !== null && came < total.bytes) throw new Interrupted('the connection ended early');
    return came;
  } catch (thrown) {
    if (thrown instanceof NearfarError || thrown instanceof Interrupted || signal.aborted) throw thrown;
    throw new Interrupted(stall.signal.aborted ? 'nothing came for too long' : 'the network failed', thrown);
  } finally {
    clearTimeout(timer);
  }
}

/** A gateway of nearfar's has the digest as the file's tag; of others nothing is known, and the digest decides at the end. */
function rangeFrom(from: number, sha256: string | null): Record<string, string> {
  return { range: `bytes=${from}-`, ...(sha256 === null ? {} : { 'if-range': `"${sha256}"` }) };
}

/** @returns null: it was begun anew and must be asked for again */
function readHead(
  response: Response,
  file: RemoteFile,
  from: number,
  progress: Progress,
): { readonly bytes: number | null } | null {
  const length = numberOf(response.headers.get('content-length'));
  if (response.status === 200) {
    if (from > 0) progress.restart();
    // Behind a compressing proxy the length is not the file's.
    const isPlain = response.headers.get('content-encoding') === null;
    return { bytes: checkedSize(file, isPlain ? length : null) };
  }
  if (response.status === 206) {
    const [, first, total] =
      /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    // A page of another origin sees the header only where the server exposes it: then the length must do.
    if (first === undefined) return { bytes: checkedSize(file, length === null ? null : from + length) };
    if (Number(first) === from) return { bytes: checkedSize(file, numberOf(total ?? null)) };
    progress.restart();
    return null;
  }
  if (response.status === 416 && from > 0) {
    progress.restart();
    return null;
  }
  void response.body?.cancel().catch(() => undefined);
  throw refusal(response, file);
}

function checkedSize(file: RemoteFile, told: number | null): number | null {
  if (file.bytes !== null && told !== null && told !== file.bytes)
    throw notAsStated(file, `has ${told} bytes at its server, and ${file.bytes} were stated`);
  return file.bytes ?? told;
}

function refusal(response: Response, file: RemoteFile): Error {
  const { status } = response;
  const says = `${nameOf(file.url)} could not be fetched: the server answered ${status}`;
  if (status === 429 || status >= 500) {
    const seconds = numberOf(response.headers.get('retry-after'));
    return new Interrupted(
      `the server answered ${status}`,
      undefined,
      seconds === null ? null : Math.min(seconds, 60) * 1000,
    );
  }
  if (status === 401) return new NearfarError('unauthorized', `${says}; it wants a key.`);
  if (status === 403) return new NearfarError('forbidden', `${says}; this page or key may not have it.`);
  if (status === 404 || status === 410) return new NearfarError('not_found', `${says}; it is not there.`);
  return new NearfarError('unavailable', `${says}.`);
}

function write(
  writer: DiskWriter,
  bytes: Uint8Array,
  offset: number,
  file: RemoteFile,
  total: number | null,
): void {
  try {
    writer.write(bytes, offset);
  } catch (thrown) {
    if (!isNamed(thrown, 'QuotaExceededError')) throw thrown;
    throw noRoom(nameOf(file.url), total === null ? null : total - offset, null, thrown);
  }
}

async function hashOf(
  writer: DiskWriter,
  total: number | null,
  { onBytes, signal }: FetchOptions,
): Promise<Sha256> {
  const hash = new Sha256();
  while (hash.byteCount < writer.size) {
    if (signal.aborted) throw abortedError(signal.reason);
    const bytes = writer.read(hash.byteCount, pieceBytes);
    if (bytes.length === 0) break;
    hash.update(bytes);
    onBytes(hash.byteCount, total);
    // Room for an abort to be heard.
    await new Promise((resolve) => setTimeout(resolve));
  }
  return hash;
}

function wrongDigest(file: RemoteFile, found: string): NearfarError {
  return notAsStated(file, `has the SHA-256 ${found}, and ${file.sha256 ?? ''} was stated`);
}

function notAsStated(file: RemoteFile, how: string): NearfarError {
  return new NearfarError('upstream_failed', `${nameOf(file.url)} ${how}. Nothing of it is kept.`, {
    retryable: false,
  });
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', give);
      resolve();
    }, ms);
    const give = (): void => {
      clearTimeout(timer);
      reject(abortedError(signal.reason));
    };
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
