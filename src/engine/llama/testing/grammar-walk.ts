import type { CompiledGrammar } from '../../grammar/grammar-part.ts';
import type { GrammarMatcher } from '../../sampling/constraint.ts';
import type { LlamaModel } from '../model.ts';

const byteToken = (byte: number): number => byte + 3;
const endToken = 2;

/** What a tiny model's libllama makes of a grammar, byte by byte: its tokens 3 to 258 are the bytes. */
export interface GrammarWalk {
  /** Whether the whole text matches. */
  accepts(text: string): boolean;
  /**
   * A text that matches, chosen at random and, after `length` bytes, such that it soon ends; `null` if it did not.
   * @param random numbers in [0, 1)
   */
  walk(random: () => number, length?: number): string | null;
}

export function createGrammarWalk(model: LlamaModel, { text }: CompiledGrammar): GrammarWalk {
  function withMatcher<Result>(use: (matcher: GrammarMatcher) => Result): Result {
    const matcher = model.grammars.open(text);
    try {
      return use(matcher);
    } finally {
      matcher.free();
    }
  }

  return {
    accepts: (candidate) =>
      withMatcher((matcher) => {
        for (const byte of Buffer.from(candidate, 'utf8')) {
          if (!matcher.allows(byteToken(byte))) return false;
          matcher.accept(byteToken(byte));
        }
        return matcher.allows(endToken);
      }),
    walk: (random, length = 80) =>
      withMatcher((matcher) => {
        const bytes: number[] = [];
        const ids = Int32Array.from({ length: 256 }, (_, byte) => byteToken(byte));
        const flags = new Uint8Array(256);
        for (;;) {
          if (matcher.allows(endToken) && (bytes.length > length || random() < 0.5)) {
            return Buffer.from(bytes).toString('utf8');
          }
          matcher.check(ids, 256, flags);
          const ending = bytes.length <= length ? '' : isInString(bytes) ? '"' : ']}';
          const byte = choose(flags, ending, random);
          if (byte === null) return matcher.allows(endToken) ? Buffer.from(bytes).toString('utf8') : null;
          matcher.accept(byteToken(byte));
          bytes.push(byte);
          if (bytes.length > 5_000) return null;
        }
      }),
  };
}

/** @param ending characters to take where they are allowed */
function choose(flags: Uint8Array, ending: string, random: () => number): number | null {
  for (const character of ending) if (flags[character.charCodeAt(0)] === 1) return character.charCodeAt(0);
  const allowed = [...flags.keys()].filter((byte) => flags[byte] === 1);
  // Mostly ASCII: most bytes are heads of longer characters.
  const ascii = allowed.filter((byte) => byte < 0x80);
  const pool = ascii.length > 0 && random() < 0.8 ? ascii : allowed;
  return pool[Math.floor(random() * pool.length)] ?? null;
}

function isInString(json: readonly number[]): boolean {
  let isInside = false;
  for (let index = 0; index < json.length; index++) {
    if (json[index] === 0x5c) index++;
    else if (json[index] === 0x22) isInside = !isInside;
  }
  return isInside;
}
