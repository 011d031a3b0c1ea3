import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

const secretBytes = 32;

/**
 * The key of this home's saved prefixes, made at its first use. Both it and its folder are their owner's only. Without
 * it the files cannot be read, by nearfar neither.
 */
export function openSecret(root: string): Uint8Array {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  chmodSync(root, 0o700);
  const path = join(root, 'key');
  for (;;) {
    const known = readSecret(path);
    if (known !== null) return known;
    try {
      writeFileSync(path, randomBytes(secretBytes), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      // Another engine was quicker, and its key is the key.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function readSecret(path: string): Uint8Array | null {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (bytes.length === secretBytes) {
    chmodSync(path, 0o600);
    return bytes;
  }
  // Cut off: what it sealed is lost, and found to be foreign.
  rmSync(path, { force: true });
  return null;
}
