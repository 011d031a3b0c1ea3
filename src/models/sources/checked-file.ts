import { rm } from 'node:fs/promises';

import { NearfarError } from '../../chat/error.ts';

/**
 * Removes a file that is not what was stated.
 * @throws NearfarError `unavailable` where the two differ
 */
export async function requireSha256(path: string, actual: string, expected: string): Promise<void> {
  if (actual === expected) return;
  await rm(path, { force: true });
  const name = path.split(/[\\/]/).at(-1) ?? path;
  throw new NearfarError(
    'unavailable',
    `${name} is corrupt or not the stated file: its SHA-256 is ${actual}, expected ${expected}. It was removed.`,
  );
}
