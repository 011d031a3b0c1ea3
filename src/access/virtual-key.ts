import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hashSecret } from './keys.ts';

/**
 * The secret of a key that nearfar made: `nf-ID-SECRET`. The id finds the key, so that one comparison is enough however many
 * there are, and tells nothing; the secret is 256 random bits, so its SHA-256 cannot be searched.
 */
export interface NewSecret {
  readonly id: string;
  /** Shown once, kept nowhere. */
  readonly text: string;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

export function createSecret(): NewSecret {
  const id = randomBytes(8).toString('hex');
  const text = `nf-${id}-${randomBytes(32).toString('base64url')}`;
  return { id, text, hash: hashSecret(text) };
}

/** The id within a secret; null where it is none of ours. */
export function idWithin(secret: string): string | null {
  return /^nf-([0-9a-f]{16})-[\w-]{43}$/.exec(secret)?.[1] ?? null;
}

/** In constant time, also where there is no such key: the delay says nothing about either. */
export function isSecretOf(secret: string, hash: Uint8Array | null): boolean {
  return timingSafeEqual(hashSecret(secret), hash ?? nobodysHash) && hash !== null;
}

const nobodysHash = new Uint8Array(32);
