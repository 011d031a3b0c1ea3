import { hash } from 'node:crypto';

/** Base64url characters of a hash that tells nothing to who has not the key. */
export type KeyedHash = (text: string, length: number) => string;

/**
 * SHA-256 of the key and the text, cut. Whoever has the characters but not the key can neither find the text nor make the
 * hash of a longer one, for what is cut off would be needed for that. HMAC would do the same at ten times the price, and a
 * prompt has hundreds of these.
 * @param key 32 random bytes
 */
export function createKeyedHash(key: Uint8Array): KeyedHash {
  const secret = Buffer.from(key).toString('base64');
  return (text, length) =>
    hash('sha256', `${secret}\n${text}`, 'base64url').slice(0, Math.min(length, longest));
}

/** Of 43: a quarter of the hash is never told. */
const longest = 32;

/** Texts whose hashes are kept, and the longest: long enough for a tenant's name and for usual settings, not for a prompt. */
const keptCount = 1_000;
const keptLength = 100;

/** The same for texts that come again with every request, such as a tenant's: their hashes are kept, with the texts. */
export function keptHash(hash: KeyedHash): KeyedHash {
  const kept = new Map<string, string>();
  return (text, length) => {
    if (text.length > keptLength) return hash(text, length);
    const name = `${length} ${text}`;
    let found = kept.get(name);
    if (found === undefined) {
      if (kept.size >= keptCount) kept.clear();
      found = hash(text, length);
      kept.set(name, found);
    }
    return found;
  };
}
