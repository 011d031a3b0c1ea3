import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { NearfarError } from '../chat/error.ts';
import { UsageError } from './command.ts';

/** A table of prices is some tens of kilobytes. */
const longestBytes = 5 * 1024 * 1024;
const patienceMs = 30_000;

/**
 * Reads a table from a file or an address, at most 5 MiB within half a minute.
 * @throws UsageError or NearfarError where there is none
 */
export async function readPriceSource(source: string): Promise<string> {
  if (!/^https?:\/\//i.test(source)) return readBounded(source);
  if (!URL.canParse(source)) throw new UsageError(`${source}: expected a file or an address`);
  const { protocol, hostname } = new URL(source);
  if (protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname))
    throw new UsageError(`${source}: expected https:, or an address of this machine`);
  return download(source);
}

async function readBounded(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > longestBytes) throw tooLong(path);
      return await file.readFile('utf8');
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
    throw networkError(url, thrown);
  } finally {
    await client.close();
  }
}

function tooLong(source: string): NearfarError {
  return new NearfarError('invalid_request', `${source} is longer than 5 MiB: no table of prices.`);
}

/**
 * The table of the project's own repository, as package.json names it; null where it names none.
 * @param packageFile package.json, two folders up from src/cli and dist/cli alike
 */
export function ownPriceAddress(packageFile = new URL('../../package.json', import.meta.url)): string | null {
  const { repository } = JSON.parse(readFileSync(packageFile, 'utf8')) as {
    repository?: string | { url?: string };
  };
  const address = typeof repository === 'string' ? repository : (repository?.url ?? '');
  const match = /(?:^github:|github\.com[/:])([\w.-]+)\/([\w.-]+?)(?:\.git)?$/.exec(address);
  return match === null
    ? null
    : `https://raw.githubusercontent.com/${match[1] ?? ''}/${match[2] ?? ''}/main/src/ledger/price-table.json`;
}
