import { open, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'undici';
import { z } from 'zod';

import { NearfarError } from '../../chat/error.ts';
import { landFile, readJson, sha256OfFile, writeJsonAtomically } from '../file-digest.ts';
import { requireSha256 } from './checked-file.ts';
import { isUnreachable, networkError, type HttpClient } from './http-client.ts';
import type { FetchContext, FetchedFile } from './source.ts';

export interface DownloadRequest {
  readonly url: string;
  /** Where the whole file lands. Beside it lie `.part` and `.part.json` until then. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Stated by the catalog or the hub; `null` = unknown. */
  readonly sha256: string | null;
  readonly sizeBytes: number | null;
  /** First pause between tries, milliseconds; doubled with each that brings nothing. @default 250 */
  readonly backoffMs?: number;
  /** What a failure status means at this source; `null` = say the plain status. */
  readonly explain?: (status: number) => string | null;
}

/** What is remembered of a partial file, so that only the same file is continued. */
const partSchema = z.object({
  /** The address without its query, which may be a signature that changes. */
  address: z.string(),
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  sha256: z.string().nullable(),
  totalBytes: z.number().nullable(),
});
type Part = z.infer<typeof partSchema>;

/** Tries in a row that bring no byte before it gives up. */
const mostFruitlessTries = 4;

function isStrong(etag: string | null): etag is string {
  return etag !== null && !etag.startsWith('W/');
}

function addressOf(url: string): string {
  const parsed = new URL(url);
  return `${parsed.origin}${parsed.pathname}`;
}

/** `bytes 5-9/10` -> start and total; `null` where it is malformed. */
export function parseContentRange(
  header: string | null,
): { readonly start: number | null; readonly total: number | null } | null {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(header ?? '');
  if (match === null) return null;
  return {
    start: match[1] === undefined ? null : Number(match[1]),
    total: match[2] === '*' ? null : Number(match[2]),
  };
}

/** Milliseconds of a Retry-After header, at most 30 s; `null` where there is none. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(30_000, Math.max(0, ms)) : null;
}

class Download {
  readonly #request: DownloadRequest;
  readonly #client: HttpClient;
  readonly #context: FetchContext;
  readonly #partPath: string;
  readonly #notePath: string;
  #part: Part | null = null;
  #isResumed = false;
  readonly #backoffMs: number;

  constructor(request: DownloadRequest, client: HttpClient, context: FetchContext) {
    this.#request = request;
    this.#client = client;
    this.#context = context;
    this.#backoffMs = request.backoffMs ?? 250;
    this.#partPath = `${request.path}.part`;
    this.#notePath = `${request.path}.part.json`;
  }

  async run(): Promise<FetchedFile> {
    const { path, sha256: expected } = this.#request;
    await this.#loadPart();
    for (;;) {
      await this.#receiveAll();
      const sha256 = await this.#digest();
      if (expected !== null && sha256 !== expected && this.#isResumed) {
        // The bytes from before may be those of another version or damaged: once from the start.
        await this.#startAnew();
        continue;
      }
      if (expected !== null) {
        await rm(this.#notePath, { force: true });
        await requireSha256(this.#partPath, sha256, expected);
      }
      await landFile(this.#partPath, path);
      await rm(this.#notePath, { force: true });
      return { path, sha256, verified: expected !== null };
    }
  }

  async #loadPart(): Promise<void> {
    const note = partSchema.safeParse(await readJson(this.#notePath).catch(() => null));
    const isSame =
      note.success &&
      note.data.address === addressOf(this.#request.url) &&
      note.data.sha256 === this.#request.sha256;
    if (isSame && (await this.#size()) > 0) {
      this.#part = note.data;
      this.#isResumed = true;
    } else {
      await this.#startAnew();
    }
  }

  async #startAnew(): Promise<void> {
    this.#part = null;
    this.#isResumed = false;
    await rm(this.#partPath, { force: true });
    await rm(this.#notePath, { force: true });
  }

  async #size(): Promise<number> {
    return (await stat(this.#partPath).catch(() => null))?.size ?? 0;
  }

  #digest(): Promise<string> {
    const fileName = basename(this.#request.path);
    const totalBytes = this.#part?.totalBytes ?? null;
    return sha256OfFile(this.#partPath, {
      signal: this.#context.signal,
      onBytes: (receivedBytes) => {
        this.#context.onProgress({ stage: 'verifying', fileName, receivedBytes, totalBytes });
      },
    });
  }

  async #receiveAll(): Promise<void> {
    for (let fruitless = 0; ;) {
      const before = await this.#size();
      let waitMs: number | null = null;
      try {
        waitMs = await this.#receive();
        if (waitMs === null) return;
      } catch (error) {
        if (this.#context.signal.aborted || error instanceof NearfarError) throw error;
        if (isUnreachable(error)) throw networkError(this.#request.url, error);
        if ((await this.#size()) <= before && fruitless + 1 >= mostFruitlessTries) {
          throw networkError(this.#request.url, error);
        }
      }
      fruitless = (await this.#size()) > before ? 0 : fruitless + 1;
      if (fruitless >= mostFruitlessTries) {
        throw new NearfarError('unavailable', `${new URL(this.#request.url).host} keeps failing.`);
      }
      await sleep(waitMs ?? this.#backoffMs * 2 ** fruitless, undefined, { signal: this.#context.signal });
    }
  }

  /** One request. @returns `null` when the file is whole, else how long to wait before the next one */
  async #receive(): Promise<number | null> {
    const { url, headers, sizeBytes } = this.#request;
    const have = await this.#size();
    if (have > 0 && have === (this.#part?.totalBytes ?? sizeBytes)) return null;
    const validator = isStrong(this.#part?.etag ?? null) ? this.#part?.etag : this.#part?.lastModified;
    // Without a validator only a known SHA-256 can tell whether the halves belong together.
    const canResume = have > 0 && (typeof validator === 'string' || this.#request.sha256 !== null);
    const response = await this.#client.request(url, {
      signal: this.#context.signal,
      headers: {
        ...headers,
        ...(canResume ? { range: `bytes=${have}-` } : {}),
        ...(canResume && typeof validator === 'string' ? { 'if-range': validator } : {}),
      },
    });
    if (response.status === 206 && canResume && this.#continues(response, have)) {
      await this.#write(response, have);
      return this.#afterBody();
    }
    if (response.status === 200) {
      await this.#begin(response);
      await this.#write(response, 0);
      return this.#afterBody();
    }
    await response.body?.cancel();
    if (response.status === 206 || response.status === 416) {
      // Another file by now, or a server that counts differently.
      await this.#startAnew();
      return 0;
    }
    if (response.status === 408 || response.status === 429 || response.status >= 500) {
      return retryAfterMs(response.headers.get('retry-after'), Date.now()) ?? this.#backoffMs * 2;
    }
    const meaning = this.#request.explain?.(response.status) ?? null;
    throw new NearfarError(
      response.status === 404 ? 'not_found' : 'unavailable',
      meaning ?? `${new URL(url).host} answered ${response.status} for ${basename(this.#request.path)}.`,
    );
  }

  #continues(response: Response, have: number): boolean {
    const range = parseContentRange(response.headers.get('content-range'));
    const etag = response.headers.get('etag');
    const known = this.#part;
    if (range?.start !== have) return false;
    if (known?.totalBytes !== null && range.total !== null && range.total !== known?.totalBytes) return false;
    return known?.etag === null || etag === null || etag === known?.etag;
  }

  async #begin(response: Response): Promise<void> {
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const totalBytes = Number.isSafeInteger(length) ? length : this.#request.sizeBytes;
    const { sizeBytes } = this.#request;
    if (totalBytes !== null && sizeBytes !== null && totalBytes !== sizeBytes) {
      await response.body?.cancel();
      throw new NearfarError(
        'unavailable',
        `${basename(this.#request.path)} has ${totalBytes} bytes there, and ${sizeBytes} were stated.`,
      );
    }
    if (totalBytes !== null) await this.#context.requireSpace(totalBytes);
    await rm(this.#partPath, { force: true });
    this.#isResumed = false;
    this.#part = {
      address: addressOf(this.#request.url),
      etag: response.headers.get('etag'),
      lastModified: response.headers.get('last-modified'),
      sha256: this.#request.sha256,
      totalBytes,
    };
    await writeJsonAtomically(this.#notePath, this.#part);
  }

  async #write(response: Response, from: number): Promise<void> {
    const fileName = basename(this.#request.path);
    const totalBytes = this.#part?.totalBytes ?? null;
    const file = await open(this.#partPath, from === 0 ? 'w' : 'r+');
    let receivedBytes = from;
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        if (totalBytes !== null && receivedBytes + chunk.length > totalBytes) {
          throw new NearfarError('unavailable', `${fileName} is longer there than stated.`);
        }
        let written = 0;
        while (written < chunk.length) {
          const result = await file.write(chunk, written, chunk.length - written, receivedBytes + written);
          written += result.bytesWritten;
        }
        receivedBytes += chunk.length;
        this.#context.onProgress({ stage: 'downloading', fileName, receivedBytes, totalBytes });
      }
    } finally {
      await file.close();
    }
  }

  /** A body may end early without an error, where its length was not stated or by a proxy's doing. */
  async #afterBody(): Promise<number | null> {
    const total = this.#part?.totalBytes ?? null;
    return total === null || (await this.#size()) === total ? null : this.#backoffMs;
  }
}

/**
 * Downloads one file, going on where an earlier try ended as far as the server's validators or a known SHA-256
 * prove that it is the same file, and lands it whole and checked.
 * @throws NearfarError `unavailable`, `not_found`; an abort throws the signal's reason and keeps what came
 */
export function downloadFile(
  request: DownloadRequest,
  client: HttpClient,
  context: FetchContext,
): Promise<FetchedFile> {
  return new Download(request, client, context).run();
}
