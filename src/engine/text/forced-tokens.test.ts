import { describe, expect, it } from 'vitest';
import type { ForcedRun } from '../sampling/constraint.ts';
import { createForcedTokens, forcedTokenLimit, type ForcedVocabulary } from './forced-tokens.ts';

/** Bytes, and longer pieces that are taken greedily from the left: enough of a tokenizer to merge across borders. */
const longer = ['"name', '":', ' "', '"A', 'is', ' is', 'ab', 'é', '",', ' 1'].map((text) =>
  Buffer.from(text),
);
const control = 1_000;
const vocabulary: ForcedVocabulary = {
  tokenize(text) {
    const bytes = Buffer.from(text);
    const tokens: number[] = [];
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.subarray(at);
      const fitting = longer.filter((piece) => rest.subarray(0, piece.length).equals(piece));
      const longest = fitting.sort((a, b) => b.length - a.length)[0];
      tokens.push(longest === undefined ? (rest[0] as number) : 256 + longer.indexOf(longest));
      at += longest?.length ?? 1;
    }
    return Int32Array.from(tokens);
  },
  piece: (token) => (token === control ? new Uint8Array(0) : (longer[token - 256] ?? Uint8Array.of(token))),
};

const text = (value: string, isEnd = false): ForcedRun => ({
  kind: 'text',
  bytes: Buffer.from(value),
  isEnd,
});

/** What is forced behind an answer that ends with these tokens, as texts. */
function forced(run: ForcedRun | null, answer: readonly (number | string)[] = []): string[] {
  const tokens = createForcedTokens({ grammar: { forced: () => run }, vocabulary });
  for (const part of answer) {
    if (typeof part === 'number') tokens.accept(part);
    else
      for (const token of vocabulary.tokenize(part, { addSpecial: false, parseSpecial: false }))
        tokens.accept(token);
  }
  return tokens.next().map((token) => Buffer.from(vocabulary.piece(token)).toString('latin1'));
}

describe('forced tokens', () => {
  it('are those in which the text is written, but the last, which may begin a longer one', () => {
    expect(forced(text('{"name": "'))).toEqual(['{', '"name', '":']);
    expect(forced(text('{"name": "x"}', true))).toEqual(['{', '"name', '":', ' "', 'x', '"', '}']);
    expect(forced(null)).toEqual([]);
    expect(forced(text('{'))).toEqual([]);
  });

  it('are not those that another continuation would change', () => {
    // `a` is followed by nothing that is known, and `ab` is a token; so is ` 1`, and `"A`.
    expect(forced(text('xa'))).toEqual(['x']);
    expect(forced(text(', x '))).toEqual([',', ' ', 'x']);
  });

  it('do not begin inside of a token that the text would be written with', () => {
    expect(forced(text('name": "'), ['{', '"'.charCodeAt(0)])).toEqual([]);
    expect(forced(text('is": "'), ['{', ' '.charCodeAt(0)])).toEqual([]);
    expect(forced(text('": "'), ['{"name'])).toEqual(['":']);
  });

  it('begin anew behind a control token, and are one where it must come', () => {
    expect(forced(text('b{"name": '), ['a'])).toEqual([]);
    expect(forced(text('b{"name": '), ['a', control])).toEqual(['b', '{', '"name', '":']);
    const tokens = createForcedTokens({
      grammar: { forced: () => ({ kind: 'control', token: control }) },
      vocabulary,
    });
    expect(tokens.next()).toEqual([control]);
  });

  it('are whole characters', () => {
    const half = Buffer.from('xyé').subarray(0, 3);
    expect(forced({ kind: 'text', bytes: half, isEnd: false })).toEqual(['x']);
    expect(forced({ kind: 'text', bytes: Buffer.from('é').subarray(1), isEnd: false }, [0xc3])).toEqual([]);
    expect(forced({ kind: 'text', bytes: Buffer.from('z{{', 'utf8'), isEnd: false }, [0xc3])).toEqual([]);
  });

  it('are no more than a step takes', () => {
    expect(forced(text('x'.repeat(100), true))).toHaveLength(forcedTokenLimit);
  });
});
