import { open } from 'node:fs/promises';
import { NearfarError } from '../chat/error.ts';
import { UsageError } from './command.ts';

/** LiteLLM's table has about 4 MB, one of nearfar's own some tens of kilobytes. */
const longestBytes = 32 * 1024 * 1024;
const patienceMs = 60_000;

export interface PriceSource {
  readonly content: string;
  /** The day for which it tells prices where it does not say so itself: today, or when the file was written. UTC. */
  readonly date: string;
}

/**
 * Reads a table from a file or an address, at most 32 MiB within a minute.
 * @throws UsageError or NearfarError where there is none
 */
export async function readPriceSource(source: string): Promise<PriceSource> {
  if (!/^https?:\/\//i.test(source)) return readBounded(source);
  if (!URL.canParse(source)) throw new UsageError(`${source}: expected a file or an address`);
  const { protocol, hostname } = new URL(source);
  if (protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname))
    throw new UsageError(`${source}: expected https:, or an address of this machine`);
  return { content: await download(source), date: dayOf(Date.now()) };
}

async function readBounded(path: string): Promise<PriceSource> {
  try {
    const file = await open(path, 'r');
    try {
      const { size, mtimeMs } = await file.stat();
      if (size > longestBytes) throw tooLong(path);
      return { content: await file.readFile('utf8'), date: dayOf(mtimeMs) };
    } finally {
      await file.close();
    }
  } catch (thrown) {
    if (thrown instanceof NearfarError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new UsageError(`${path} cannot be read: ${reason}`);
  }
}

async function download(url: string): Promise<string> {
  const { createHttpClient, networkError } = await import('../models/sources/http-client.ts');
  const client = createHttpClient(10_000);
  try {
    const response = await client.request(url, { signal: AbortSignal.timeout(patienceMs) });
    if (!response.ok) throw new NearfarError('unavailable', `${url} answered ${response.status}.`);
    const pieces: Uint8Array[] = [];
    let byteCount = 0;
    const body: AsyncIterable<Uint8Array> | null = response.body;
    for await (const piece of body ?? []) {
      byteCount += piece.byteLength;
      if (byteCount > longestBytes) throw tooLong(url);
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString('utf8');
  } catch (thrown) {
    throw unreachable(url, networkError(url, thrown));
  } finally {
    await client.close();
  }
}

function tooLong(source: string): NearfarError {
  return new NearfarError('invalid_request', `${source} is longer than 32 MiB: no table of prices.`);
}

/** Names what else can be done: machines without a way out have files. */
function unreachable(url: string, error: NearfarError): NearfarError {
  if (error.kind === 'invalid_request') return error;
  return new NearfarError(
    'unavailable',
    `No prices could be had from ${url}: ${error.message} Where it cannot be reached, fetch it elsewhere and take the file ` +
      '(nearfar prices update FILE), or name another address (nearfar prices update URL, or the setting pricesUrl).',
    { cause: error },
  );
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
