import { hash, randomBytes } from 'node:crypto';

/** A prompt as far as the caches of engines are concerned: what it is, in pieces of about 64 tokens. */
export interface PrefixBlocks {
  /** Each stands for its block and everything before it; the last, partial one is left out. */
  readonly hashes: readonly string[];
  /** The whole prompt's length in blocks, also those beyond the ones that are hashed; not whole. */
  readonly length: number;
}

/** Characters in a block: about 64 tokens of English. */
export const blockCharacters = 256;
/** Hashed at most; of a longer prompt it is known that what it begins with is cached, which is what decides. */
const longestBlocks = 512;

/** A secret of this process, as it goes into each hash. */
export type BlockKey = string;

export function createBlockKey(): BlockKey {
  return randomBytes(32).toString('hex');
}

/**
 * Keyed, so that what is kept tells nobody what was asked. Key, what came before and block have fixed lengths: no other three
 * make the same text. 64 bits of each: a false match costs a wrong guess.
 * @param domain what else a cached prefix depends on: the model
 */
export function prefixBlocks(text: string, key: BlockKey, domain: string): PrefixBlocks {
  const wholeCount = Math.min(longestBlocks, Math.floor(text.length / blockCharacters));
  const hashes: string[] = [];
  let before = hash('sha256', domain).slice(0, 16);
  for (let index = 0; index < wholeCount; index += 1) {
    const start = index * blockCharacters;
    before = hash('sha256', key + before + text.slice(start, start + blockCharacters)).slice(0, 16);
    hashes.push(before);
  }
  return { hashes, length: text.length / blockCharacters };
}
