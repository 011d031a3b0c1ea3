import { utf8After, type Utf8State } from './utf8-state.ts';

/** What is asked of a vocabulary; `llama/vocabulary.ts` implements it. */
export interface PieceVocabulary {
  readonly tokenCount: number;
  piece(token: number, special?: boolean): Uint8Array;
  isEndOfGeneration(token: number): boolean;
}

/** The bytes that a vocabulary's tokens stand for, sorted by what a grammar needs of them. */
export interface TokenBytes {
  /** The token of each single byte, or -1. */
  readonly byteTokens: Int32Array;
  /** The first byte of each token, or -1 where it stands for no text. */
  readonly firstBytes: Int16Array;
  /** Tokens of which one may come wherever any text may: that of each byte, or else all that begin with it. */
  readonly probes: readonly number[];
  /** A token that ends the generation; `null` where there is none. */
  readonly endToken: number | null;
  /** The state of the text behind a token; `null` where it would be no UTF-8, or holds a NUL. */
  utf8After(state: Utf8State, token: number): Utf8State | null;
}

const sliceTokenCount = 4_096;

/** Looks at every token once, in slices: reading a quarter of a million pieces takes a third of a second. */
export async function readTokenBytes(vocabulary: PieceVocabulary): Promise<TokenBytes> {
  const byteTokens = new Int32Array(256).fill(-1);
  const longerTokens = Array.from({ length: 256 }, (): number[] => []);
  const firstBytes = new Int16Array(vocabulary.tokenCount).fill(-1);
  const isWhole = new Uint8Array(vocabulary.tokenCount);
  let endToken: number | null = null;
  for (let token = 0; token < vocabulary.tokenCount; token++) {
    if (token % sliceTokenCount === sliceTokenCount - 1) await new Promise(setImmediate);
    if (vocabulary.isEndOfGeneration(token)) endToken ??= token;
    const piece = vocabulary.piece(token);
    isWhole[token] = utf8After(0, piece) === 0 && !piece.includes(0) ? 1 : 0;
    const [byte] = piece;
    if (byte === undefined) continue;
    firstBytes[token] = byte;
    if (piece.length > 1) longerTokens[byte]?.push(token);
    else if (byteTokens[byte] === -1) byteTokens[byte] = token;
  }
  const probes = longerTokens.flatMap((longer, byte) => {
    const single = byteTokens[byte] ?? -1;
    return single === -1 ? longer : [single];
  });
  return {
    byteTokens,
    firstBytes,
    probes,
    endToken,
    utf8After: (state, token) => {
      if (state === 0 && isWhole[token] === 1) return 0;
      const piece = vocabulary.piece(token);
      return piece.includes(0) ? null : utf8After(state, piece);
    },
  };
}
