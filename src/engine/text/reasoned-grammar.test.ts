import { describe, expect, it } from 'vitest';
import type { AnswerGrammar } from './answer-grammar.ts';
import { createReasonedGrammar } from './reasoned-grammar.ts';

const tags = { open: '<think>', close: '</think>' };
const end = 0;
/** Tokens of some letters each. */
const pieces = ['', 'Hm. ', '<think>', '</think>', '</thi', 'nk>', 'nk>\n', 'nk>x', '\n', '{', '}', '<call>'];
const token = (piece: string): number => pieces.indexOf(piece);

/** Takes only braces. */
function braces(): AnswerGrammar & { isFreed: boolean } {
  let text = '';
  const grammar = {
    isFreed: false,
    allows: (id: number) => id === token('{') || id === token('}'),
    check(ids: Int32Array, count: number, flags: Uint8Array) {
      for (let index = 0; index < count; index++) flags[index] = grammar.allows(ids[index] ?? -1) ? 1 : 0;
    },
    accept(id: number) {
      if (!grammar.allows(id)) throw new RangeError('not allowed');
      text += pieces[id] ?? '';
    },
    isActive: () => true,
    isComplete: () => text === '{}',
    mayAllow: () => true,
    forced: () => ({ kind: 'text' as const, bytes: Buffer.from('{'), isEnd: false }),
    free() {
      grammar.isFreed = true;
    },
  };
  return grammar;
}

/** Free until it is told to call. */
function free(): AnswerGrammar {
  const allows = (): boolean => true;
  return {
    allows,
    check: (_ids, count, flags) => flags.fill(1, 0, count),
    accept: () => undefined,
    isActive: () => false,
    isComplete: () => false,
    mayAllow: () => true,
    forced: () => null,
    free: () => undefined,
  };
}

function reasoned(open: () => AnswerGrammar, isUnderWay: boolean, mayEndInside: boolean): AnswerGrammar {
  const vocabulary = {
    piece: (id: number) => Buffer.from(pieces[id] ?? ''),
    isEndOfGeneration: (id: number) => id === end,
  };
  return createReasonedGrammar({ open, thoughts: { tags, isUnderWay }, mayEndInside, vocabulary });
}

describe('createReasonedGrammar', () => {
  it.each([
    ['in one token', ['</think>']],
    ['in pieces', ['</thi', 'nk>']],
    ['with space behind it', ['</thi', 'nk>\n']],
  ])('holds from behind the reasoning on, which closes %s', (_how, closing) => {
    const grammar = reasoned(braces, true, false);
    expect([grammar.isActive(), grammar.allows(token('Hm. ')), grammar.allows(end)]).toEqual([
      false,
      true,
      false,
    ]);
    expect([grammar.forced(9), grammar.mayAllow(token('Hm. '))]).toEqual([null, true]);
    for (const piece of ['Hm. ', '<call>', ...closing]) grammar.accept(token(piece));
    expect(grammar.forced(9)).toMatchObject({ kind: 'text' });
    expect([grammar.isActive(), grammar.allows(token('Hm. ')), grammar.allows(token('{'))]).toEqual([
      true,
      false,
      true,
    ]);
    grammar.accept(token('{'));
    expect(grammar.isComplete()).toBe(false);
    grammar.accept(token('}'));
    expect(grammar.isComplete()).toBe(true);
  });

  it('lets no token close the reasoning and begin the answer', () => {
    const grammar = reasoned(braces, true, false);
    grammar.accept(token('</thi'));
    const flags = new Uint8Array(2);
    grammar.check(Int32Array.of(token('nk>x'), token('nk>')), 2, flags);
    expect([...flags]).toEqual([0, 1]);
    expect(() => {
      grammar.accept(token('nk>x'));
    }).toThrow(RangeError);
  });

  it('begins anew where the model itself opens its reasoning', () => {
    const made: { accepted: number }[] = [];
    const grammar = reasoned(
      () => {
        const counted = { ...free(), accepted: 0 };
        counted.accept = () => {
          counted.accepted++;
        };
        made.push(counted);
        return counted;
      },
      false,
      true,
    );
    for (const piece of ['\n', '<think>', 'Hm. ', '</think>', '{']) grammar.accept(token(piece));
    expect(made.map(({ accepted }) => accepted)).toEqual([2, 1]);
    expect(grammar.allows(end)).toBe(true);
  });

  it('is the grammar itself where nothing is thought', () => {
    const grammar = reasoned(braces, false, false);
    expect(grammar.isActive()).toBe(true);
    expect(grammar.allows(token('Hm. '))).toBe(false);
    grammar.accept(token('{'));
    grammar.accept(token('}'));
    expect(grammar.isComplete()).toBe(true);
  });
});
