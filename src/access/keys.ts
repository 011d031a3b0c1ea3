import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { NearfarError } from '../chat/error.ts';
import type { Scope } from './access.ts';
import { noLimits, type KeyLimits } from './limits.ts';

/** A key as access keeps it: the secret itself is forgotten, only its SHA-256 stays. */
export interface AccessKey {
  /** Shown in logs and in the ledger; also the tenant. */
  readonly name: string;
  /** 32 bytes. */
  readonly secretHash: Uint8Array;
  readonly scopes: ReadonlySet<Scope>;
  readonly limits: KeyLimits;
}

/** Shorter secrets can be guessed over a network. */
export const minimumSecretLength = 16;

/** SHA-256 of a secret's UTF-8 bytes: 32 bytes. Keys are random, so a slow hash would only slow requests down. */
export function hashSecret(secret: string): Uint8Array {
  return hash('sha256', secret, 'buffer');
}

/**
 * @throws NearfarError `invalid_request` naming the key (never its secret) where the name is empty or the
 * secret has fewer than 16 characters
 */
export function createAccessKey(key: {
  readonly name: string;
  readonly secret: string;
  readonly scopes: Iterable<Scope>;
  /** @default none */
  readonly limits?: KeyLimits;
}): AccessKey {
  if (key.name.trim() === '') {
    throw new NearfarError('invalid_request', 'An access key has no name.', { field: 'keys.name' });
  }
  const secret = key.secret.trim();
  if (secret.length < minimumSecretLength) {
    throw new NearfarError(
      'invalid_request',
      `The secret of access key "${key.name}" has ${secret.length} characters; at least ${minimumSecretLength} are needed.`,
      { field: `keys.${key.name}` },
    );
  }
  return {
    name: key.name,
    secretHash: hashSecret(secret),
    scopes: new Set(key.scopes),
    limits: key.limits ?? noLimits,
  };
}

/**
 * Reads a secret from a file that nobody but its owner may read. The secret is the file's text without
 * surrounding white space. Windows has no such bits; there the file's own access list is trusted.
 *
 * @throws NearfarError `forbidden` where group or others have any right, `invalid_request` where it cannot be read
 */
export async function readKeyFile(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new NearfarError(
        'forbidden',
        `The key file ${path} can be read by others (mode ${(mode & 0o777).toString(8)}). Run: chmod 600 ${path}`,
        { field: 'keys.file' },
      );
    }
    return (await readFile(path, 'utf8')).trim();
  } catch (thrown) {
    if (thrown instanceof NearfarError) throw thrown;
    throw new NearfarError('invalid_request', `The key file ${path} cannot be read.`, {
      field: 'keys.file',
      cause: thrown,
    });
  }
}
