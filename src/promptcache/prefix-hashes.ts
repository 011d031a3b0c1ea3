import type { PrefixBoundary, PromptPrefix } from '../chat/prompt-prefix.ts';
import type { KeyedHash } from './keyed-hash.ts';
import { bytesPerToken, type PromptBlock, type PromptBlocks } from './prompt-block.ts';

/** Tokens of one block of a prefix. */
export const prefixBlockTokenCount = 64;
/** After so many blocks they are twice as long, and again after as many: the number of hashes stays small. */
const blocksPerLength = 48;
/** Hashes of blocks that a row may hold, and of contents by themselves. */
const chainLimit = 160;
const contentLimit = 48;
const hashLength = 8;

/** A block of the prompt with the hash of everything up to its end. */
export interface HashedBlock extends PromptBlock {
  readonly hash: string;
  /** Estimated, from the beginning of the prompt to its end. */
  readonly endTokenCount: number;
  readonly kind: string;
}

export interface HashedPrompt {
  readonly blocks: readonly HashedBlock[];
  readonly prefix: PromptPrefix;
}

/**
 * Hashes a prompt. Prompts of different tenants have nothing in common, whatever they
 * say. Null where there is nothing to hash.
 * @param repeatedHash the same function, for what is none of the prompt's own text and comes again with each request
 */
export function hashPrompt(
  { blocks, messageSettings }: PromptBlocks,
  tenant: string,
  keyedHash: KeyedHash,
  repeatedHash: KeyedHash = keyedHash,
): HashedPrompt | null {
  if (blocks.length === 0) return null;
  const hash = (text: string): string => keyedHash(text, hashLength);
  let chained = repeatedHash(`tenant\n${tenant}`, hashLength);
  let chain = '';
  let contents = '';
  const contentTokenCounts: number[] = [];
  let blockCount = 0;
  let tokenCount = 0;
  let family = '';
  let hasMessages = false;
  const kinds = kindsOf(blocks);
  const hashed = blocks.map((block, index): HashedBlock => {
    if (block.place === 'message' && !hasMessages) {
      hasMessages = true;
      if (index > 0) family = chained;
      chained = repeatedHash(`${chained}\n${messageSettings}`, hashLength);
    }
    for (const piece of piecesOf(block, blockCount)) {
      chained = hash(`${chained}${piece}`);
      if (family === '' && index === 0 && block.place === 'message') family = chained;
      if (blockCount < chainLimit) chain += chained;
      if (contentTokenCounts.length < contentLimit) {
        contents += hash(`content\n${piece}`);
        contentTokenCounts.push(Math.ceil(Buffer.byteLength(piece) / bytesPerToken));
      }
      blockCount += 1;
    }
    tokenCount += block.tokenCount;
    return { ...block, hash: chained, endTokenCount: tokenCount, kind: kinds[index] ?? '' };
  });
  if (family === '') family = chained;
  const boundaries = hashed
    .filter(({ kind, isMarkable }) => kind !== '' && isMarkable)
    .map(({ hash: end, endTokenCount, kind }): PrefixBoundary => ({
      hash: end,
      tokenCount: endTokenCount,
      kind,
    }));
  return {
    blocks: hashed,
    prefix: { family, tokenCount, chain, contents, contentTokenCounts, boundaries },
  };
}

/** Pure: the hashes of a chain or of contents, one by one. */
export function hashesOf(written: string): readonly string[] {
  return written.match(/.{8}/g) ?? [];
}

/** Pieces of at most 64 tokens. Lines or words that they end with are chosen by what they say, so that pieces meet again behind a change. */
function* piecesOf({ text, tokenCount }: PromptBlock, blockCount: number): Generator<string> {
  // An image or a file is one.
  if (tokenCount * bytesPerToken * 2 < text.length) {
    yield text;
    return;
  }
  let count = blockCount;
  for (let at = 0; at < text.length; count += 1) {
    const length = prefixBlockTokenCount * bytesPerToken * 2 ** Math.floor(count / blocksPerLength);
    const end = endOfPiece(text, at, Math.min(text.length, at + length), length);
    yield text.slice(at, end);
    at = end;
  }
}

/** Of the longest piece; a shorter one ends only with its content block. Words end often, so that pieces need not be short for them. */
const leastShares = { '\n': 0.25, ' ': 0.5 } as const;

/** Where a piece ends: with a line, where there is one, else with a word. */
function endOfPiece(text: string, from: number, limit: number, length: number): number {
  if (limit === text.length) return limit;
  return endBehind('\n', text, from, limit, length) ?? endBehind(' ', text, from, limit, length) ?? limit;
}

/**
 * Of the ends of lines or words that a piece may end with, the one whose last characters say the least: the same one from wherever it
 * is looked at. Null: there is none.
 */
function endBehind(
  mark: keyof typeof leastShares,
  text: string,
  from: number,
  limit: number,
  length: number,
): number | null {
  let chosen: number | null = null;
  let lowest = Infinity;
  const least = from + Math.ceil(length * leastShares[mark]);
  for (let end = text.indexOf(mark, least) + 1; end > 0 && end <= limit;) {
    let said = 0;
    for (let at = Math.max(from, end - 16); at < end - 1; at += 1) {
      said = (Math.imul(said, 31) + text.charCodeAt(at)) >>> 0;
    }
    // Neighbouring ones differ in little; what they come to must not.
    said = Math.imul(said ^ (said >>> 15), 0x2c1b3c6d) >>> 0;
    if (said < lowest) [lowest, chosen] = [said, end];
    end = text.indexOf(mark, end) + 1;
  }
  return chosen;
}

/** How many of the first and of the last blocks of the messages are looked at, and of the last ones of the system. */
const headCount = 3;
const tailCount = 5;
const systemCount = 3;

/**
 * Pure: what each block is within its prompt; '' for those that nothing is learnt about. Counted from the end where
 * prompts grow there, so that the same place in the next turn has the same name.
 */
function kindsOf(blocks: readonly PromptBlock[]): readonly string[] {
  const count = (place: PromptBlock['place']) => blocks.filter((block) => block.place === place).length;
  const systems = count('system');
  const messages = count('message');
  const tools = count('tools');
  const withTools = tools > 0 ? '+tools' : '';
  const turn =
    blocks.at(-1)?.run === 'result'
      ? 'result'
      : blocks.some(({ speaker }) => speaker === 'assistant')
        ? 'going'
        : 'first';
  const feature = `:${turn}${withTools}`;
  let inSystem = 0;
  let inMessages = 0;
  let inTools = 0;
  return blocks.map((block) => {
    switch (block.place) {
      case 'tools':
        inTools += 1;
        return inTools === tools ? 'tools' : '';
      case 'system': {
        const fromEnd = systems - ++inSystem;
        return fromEnd < systemCount ? `system-${fromEnd}:${withTools}` : '';
      }
      case 'message': {
        const fromEnd = messages - ++inMessages;
        if (fromEnd < tailCount) return `tail-${fromEnd}${feature}`;
        return inMessages <= headCount ? `head-${inMessages}${feature}` : '';
      }
    }
  });
}
