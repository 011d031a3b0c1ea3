import type { AnswerGrammar } from './answer-grammar.ts';

/** Tokens of an answer that its grammar leaves no choice about. */
export interface ForcedTokens {
  /** What must come next, at most `forcedTokenLimit` tokens; none where there is a choice, or may be one. */
  next(): readonly number[];
  /** Tells which token was taken, drawn or forced. */
  accept(token: number): void;
}

export interface ForcedTokensSetup {
  readonly grammar: Pick<AnswerGrammar, 'forced'>;
  readonly vocabulary: ForcedVocabulary;
}

export interface ForcedVocabulary {
  tokenize(
    text: string,
    options: { readonly addSpecial: boolean; readonly parseSpecial: boolean },
  ): Int32Array;
  /** A token's bytes; none for a control token. */
  piece(token: number): Uint8Array;
}

/** Tokens of one sequence that a step takes at once, and so most that are forced at once. */
export const forcedTokenLimit = 31;
/** Bytes that are looked ahead: some more than so many tokens have. */
const byteLimit = 192;
/** Tokens of the answer that the tokenizer sees before the forced text: what splits a text looks back a word or two. */
const tailTokenCount = 12;
/** What may follow a forced text, one of each kind that tokenizers tell apart. */
const continuations = ['a', 'A', '1', ' ', '"', '-', '\n', 'é'];
/** The same few texts are forced in every answer of a schema. */
const keptCount = 2_000;

/**
 * Finds the text that must come next and the tokens in which the model would have written it: those of the answer's end
 * and the forced text tokenized together, as far as they do not depend on what comes after. So
 * - a text that would merge with the token before it is not forced but drawn: the model goes on from that token as it can;
 * - its last token is left to be drawn (it may begin a longer one: `"` is the beginning of `"A`), and so are those before
 *   it that one of the `continuations` changes; not so at the end of the grammar, where nothing follows.
 */
export function createForcedTokens({ grammar, vocabulary }: ForcedTokensSetup): ForcedTokens {
  const kept = keptOf(vocabulary);
  let tail: Uint8Array[] = [];

  function recall(before: string, text: string, isEnd: boolean): readonly number[] {
    const key = `${before}\u0000${text}\u0000${isEnd ? 'end' : ''}`;
    let tokens = kept.get(key);
    tokens ??= settledTokens(before, text, isEnd, vocabulary).slice(0, forcedTokenLimit);
    kept.delete(key);
    kept.set(key, tokens);
    for (const oldest of kept.keys()) {
      if (kept.size <= keptCount) break;
      kept.delete(oldest);
    }
    return tokens;
  }

  return {
    next() {
      const run = grammar.forced(byteLimit);
      if (run === null) return [];
      if (run.kind === 'control') return [run.token];
      const before = wholeText(Buffer.concat(tail));
      // Inside of a character there is no text to tokenize.
      if (before === null) return [];
      const length = wholeLength(run.bytes);
      if (length === 0) return [];
      const text = Buffer.from(run.bytes.subarray(0, length)).toString('utf8');
      return recall(before, text, run.isEnd && length === run.bytes.length);
    },
    accept(token) {
      const piece = vocabulary.piece(token);
      // A tokenizer begins anew behind a control token.
      tail = piece.length === 0 ? [] : [...tail, piece].slice(-tailTokenCount);
    },
  };
}

/** The tokens of `text` behind `before` that no continuation changes. */
function settledTokens(
  before: string,
  text: string,
  isEnd: boolean,
  vocabulary: ForcedVocabulary,
): readonly number[] {
  const tokens = tokensBehind(before, text, '', vocabulary);
  if (tokens === null) return [];
  if (isEnd) return tokens;
  let count = tokens.length - 1;
  for (const continuation of continuations) {
    const longer = tokensBehind(before, text, continuation, vocabulary);
    if (longer === null) return [];
    const changed = tokens.findIndex((token, index) => longer[index] !== token);
    if (changed >= 0) count = Math.min(count, changed);
  }
  return tokens.slice(0, Math.max(0, count));
}

/** The tokens of `text` and what follows; `null` where a token stands across its beginning, or stands for other text. */
function tokensBehind(
  before: string,
  text: string,
  after: string,
  vocabulary: ForcedVocabulary,
): readonly number[] | null {
  const tokens = vocabulary.tokenize(before + text + after, { addSpecial: false, parseSpecial: false });
  const expected = Buffer.from(text + after, 'utf8');
  let left = expected.length;
  let index = tokens.length;
  while (left > 0 && index > 0) {
    index -= 1;
    const own = vocabulary.piece(tokens[index] as number);
    const start = left - own.length;
    if (start < 0 || expected.compare(own, 0, own.length, start, left) !== 0) return null;
    left = start;
  }
  return left === 0 ? Array.from(tokens.subarray(index)) : null;
}

const keptByVocabulary = new WeakMap<ForcedVocabulary, Map<string, readonly number[]>>();

/** Least recently used first. */
function keptOf(vocabulary: ForcedVocabulary): Map<string, readonly number[]> {
  let kept = keptByVocabulary.get(vocabulary);
  if (kept === undefined) {
    kept = new Map();
    keptByVocabulary.set(vocabulary, kept);
  }
  return kept;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as a text, without the rest of a character at their beginning; `null` where the last one is not whole. */
function wholeText(bytes: Uint8Array): string | null {
  let start = 0;
  while (start < bytes.length && start < 3 && ((bytes[start] as number) & 0xc0) === 0x80) start += 1;
  try {
    return decoder.decode(bytes.subarray(start));
  } catch {
    return null;
  }
}

/** How many of the bytes are whole characters; 0 where they begin inside of one. */
function wholeLength(bytes: Uint8Array): number {
  for (let length = bytes.length; length > Math.max(0, bytes.length - 4); length -= 1) {
    try {
      decoder.decode(bytes.subarray(0, length));
      return length;
    } catch {
      // Ends inside of a character.
    }
  }
  return 0;
}
