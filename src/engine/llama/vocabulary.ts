import { NearfarError } from '../../chat/error.ts';
import type { Bindings, Pointer } from './bindings.ts';

export interface TokenizeOptions {
  /** Add the tokens that the model wants around every text (beginning of sequence and the like). */
  readonly addSpecial: boolean;
  /** Read `<|im_start|>` and its kind as the control tokens they name; false for text that users wrote. */
  readonly parseSpecial: boolean;
}

/** The model's words: text to token ids and back. */
export interface Vocabulary {
  readonly tokenCount: number;
  readonly bos: number | null;
  readonly eos: number | null;
  /** Between two sentences, and after the last (BERT). */
  readonly sep: number | null;
  /** End of turn. */
  readonly eot: number | null;
  readonly fimPrefix: number | null;
  readonly fimSuffix: number | null;
  readonly fimMiddle: number | null;
  /** Whether `addSpecial` puts `bos` first. */
  readonly addsBos: boolean;
  readonly addsEos: boolean;
  readonly addsSep: boolean;
  tokenize(text: string, options: TokenizeOptions): Int32Array;
  /** The same on another thread: a long text takes long, and must not hold up a step. */
  tokenizeAsync(text: string, options: TokenizeOptions): Promise<Int32Array>;
  /**
   * The bytes a token stands for, perhaps only a part of a character. Control tokens are empty unless `special`.
   * The array is shared: do not write to it.
   * @throws RangeError for an id outside the vocabulary
   */
  piece(token: number, special?: boolean): Uint8Array;
  /** The token's own spelling in the vocabulary, e.g. `<|im_end|>`; the empty string for `null`. */
  spelling(token: number | null): string;
  isEndOfGeneration(token: number): boolean;
  isControl(token: number): boolean;
}

// Each call off-thread costs koffi a stack; more at once than this only queue for the same cores.
const asyncCallLimit = 2;
const overflow = -(2 ** 31);

/** @param vocabulary lives as long as its model */
export function createVocabulary(bindings: Bindings, vocabulary: Pointer): Vocabulary {
  const tokenCount = bindings.vocabularySize(vocabulary);
  const plainPieces = new Array<Uint8Array | undefined>(tokenCount);
  const specialPieces = new Array<Uint8Array | undefined>(tokenCount);
  const scratch = new Uint8Array(256);
  const tests = readTests(bindings, vocabulary, tokenCount);
  const turn = createTurnstile(asyncCallLimit);

  const requireToken = (token: number): void => {
    if (!Number.isInteger(token) || token < 0 || token >= tokenCount) {
      throw new RangeError(`Token ${token} is not in this vocabulary of ${tokenCount}.`);
    }
  };
  const orNull = (token: number): number | null => (token < 0 ? null : token);

  const readPiece = (token: number, special: boolean): Uint8Array => {
    const length = bindings.tokenPiece(vocabulary, token, scratch, scratch.length, 0, special);
    if (length >= 0) return scratch.slice(0, length);
    const larger = new Uint8Array(-length);
    return larger.subarray(
      0,
      Math.max(0, bindings.tokenPiece(vocabulary, token, larger, larger.length, 0, special)),
    );
  };

  return {
    tokenCount,
    bos: orNull(bindings.tokenBos(vocabulary)),
    eos: orNull(bindings.tokenEos(vocabulary)),
    sep: orNull(bindings.tokenSep(vocabulary)),
    eot: orNull(bindings.tokenEot(vocabulary)),
    fimPrefix: orNull(bindings.tokenFimPrefix(vocabulary)),
    fimSuffix: orNull(bindings.tokenFimSuffix(vocabulary)),
    fimMiddle: orNull(bindings.tokenFimMiddle(vocabulary)),
    addsBos: bindings.addsBos(vocabulary),
    addsEos: bindings.addsEos(vocabulary),
    addsSep: bindings.addsSep(vocabulary),

    tokenize: (text, { addSpecial, parseSpecial }) => {
      const bytes = Buffer.from(text, 'utf8');
      let tokens = new Int32Array(capacityFor(bytes));
      const call = (): number =>
        bindings.tokenize(vocabulary, bytes, bytes.length, tokens, tokens.length, addSpecial, parseSpecial);
      let count = call();
      if (count < 0 && count !== overflow) {
        tokens = new Int32Array(-count);
        count = call();
      }
      return resultOf(tokens, count, bytes);
    },

    tokenizeAsync: (text, { addSpecial, parseSpecial }) =>
      turn(async () => {
        const bytes = Buffer.from(text, 'utf8');
        let tokens = new Int32Array(capacityFor(bytes));
        const call = (): Promise<number> =>
          bindings.tokenizeAsync(
            vocabulary,
            bytes,
            bytes.length,
            tokens,
            tokens.length,
            addSpecial,
            parseSpecial,
          );
        let count = await call();
        if (count < 0 && count !== overflow) {
          tokens = new Int32Array(-count);
          count = await call();
        }
        return resultOf(tokens, count, bytes);
      }),

    piece: (token, special = false) => {
      const cache = special ? specialPieces : plainPieces;
      const known = cache[token];
      if (known !== undefined) return known;
      requireToken(token);
      const piece = readPiece(token, special);
      cache[token] = piece;
      return piece;
    },

    spelling: (token) => {
      if (token === null) return '';
      requireToken(token);
      return bindings.tokenText(vocabulary, token) ?? '';
    },
    isEndOfGeneration: (token) => {
      requireToken(token);
      return ((tests[token] ?? 0) & endOfGenerationBit) !== 0;
    },
    isControl: (token) => {
      requireToken(token);
      return ((tests[token] ?? 0) & controlBit) !== 0;
    },
  };
}

const endOfGenerationBit = 1;
const controlBit = 2;

// Asked of every token that is drawn, so read once instead of across the border each time (about 60 ns a token).
function readTests(bindings: Bindings, vocabulary: Pointer, tokenCount: number): Uint8Array {
  const tests = new Uint8Array(tokenCount);
  for (let token = 0; token < tokenCount; token++) {
    tests[token] =
      (bindings.tokenIsEndOfGeneration(vocabulary, token) ? endOfGenerationBit : 0) |
      (bindings.tokenIsControl(vocabulary, token) ? controlBit : 0);
  }
  return tests;
}

// A token is hardly ever less than a byte; with the special ones around it this fits nearly always at the first try.
function capacityFor(bytes: Uint8Array): number {
  return bytes.length + 32;
}

function resultOf(tokens: Int32Array, count: number, bytes: Uint8Array): Int32Array {
  if (count < 0) {
    throw new NearfarError(
      'too_large',
      `A text of ${bytes.length} bytes is more than the tokenizer can take.`,
    );
  }
  return tokens.slice(0, count);
}

/** Lets `limit` tasks run at a time, in order of arrival. */
function createTurnstile(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
