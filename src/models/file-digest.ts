import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** SHA-256 of a file, lower-case hex. */
export async function sha256OfFile(
  path: string,
  options: { readonly onBytes?: (total: number) => void; readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const hash = createHash('sha256');
  let total = 0;
  const stream = createReadStream(path, {
    highWaterMark: 1024 * 1024,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    total += chunk.length;
    options.onBytes?.(total);
  }
  return hash.digest('hex');
}

/** Flushes a folder's entries, so that a rename survives a power cut. Windows cannot and need not. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Flushes a finished file and moves it into its place. Both paths must be on one file system. */
export async function landFile(from: string, to: string): Promise<void> {
  // A linked file may be read-only; it was somebody's finished file before, so it needs no flush.
  const file = await open(from, 'r+').catch(() => null);
  try {
    await file?.sync();
  } finally {
    await file?.close();
  }
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** Writes JSON so that a reader sees the old text or the new, never a part. */
export async function writeJsonAtomically(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`);
  await landFile(temporary, path);
}

/** Parsed JSON, or `null` where the file is absent. @throws SyntaxError on malformed JSON */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  return JSON.parse(text) as unknown;
}
