import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileGrammar } from '../grammar/compile-grammar.ts';
import type { GrammarPart } from '../grammar/grammar-part.ts';
import { createAnswerGrammar, type AnswerGrammar } from '../text/answer-grammar.ts';
import { createGrammarWalk } from './testing/grammar-walk.ts';
import { openTiny, type TinyModel } from './testing/open-tiny.ts';

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny('dense');
});
afterAll(() => {
  tiny.close();
});

const end = 2;
const literal = (text: string): GrammarPart => ({ kind: 'literal', text });
const free = (...without: string[]): GrammarPart => ({ kind: 'free-text', without });

async function answer(part: GrammarPart, triggers: readonly string[] | null = null): Promise<AnswerGrammar> {
  const { grammars, vocabulary } = tiny.model;
  const { text } = compileGrammar(part, triggers);
  await grammars.prepare(text);
  return createAnswerGrammar({
    open: () => grammars.open(text),
    triggers,
    vocabulary,
    bytes: grammars.bytes,
  });
}

/** Writes a text byte by byte; returns the part that was taken. */
function write(grammar: AnswerGrammar, text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  for (const [index, byte] of bytes.entries()) {
    if (!grammar.allows(byte + 3)) return bytes.subarray(0, index).toString('utf8');
    grammar.accept(byte + 3);
  }
  return text;
}

describe('parts', () => {
  const accepts = async (part: GrammarPart, text: string): Promise<boolean> => {
    const compiled = compileGrammar(part);
    await tiny.model.grammars.prepare(compiled.text);
    return createGrammarWalk(tiny.model, compiled).accepts(text);
  };

  test('free text holds none of the strings, wherever they begin', async () => {
    const part = free('</t>', '<<a');
    for (const text of ['', 'a < b', '</t', '<</t', '< </ t>', '</</t >', 'größer']) {
      expect(await accepts(part, text), text).toBe(true);
    }
    for (const text of ['</t>', 'x</t>y', '<</t>', '</</t>', '<<<a', '</<<a']) {
      expect(await accepts(part, text), text).toBe(false);
    }
  });

  test('sequences, choices and repetitions', async () => {
    const call: GrammarPart = {
      kind: 'sequence',
      parts: [literal('<c>'), { kind: 'json', schema: { type: 'integer' }, field: 'f' }, literal('</c>')],
    };
    const part: GrammarPart = { kind: 'repeat', part: call, min: 1, max: 2, separator: literal('\n') };
    expect(await accepts(part, '<c>1</c>')).toBe(true);
    expect(await accepts(part, '<c>1</c>\n<c>-20</c>')).toBe(true);
    for (const text of ['', '<c>1</c><c>2</c>', '<c>1</c>\n', '<c>01</c>', '<c>1</c>\n<c>2</c>\n<c>3</c>']) {
      expect(await accepts(part, text), text).toBe(false);
    }
    const choice: GrammarPart = { kind: 'choice', options: [literal('one'), literal('"\\]^-\n€')] };
    expect(await accepts(choice, '"\\]^-\n€')).toBe(true);
    expect(await accepts(choice, 'on')).toBe(false);
  });

  test('counts of any size, exactly', async () => {
    for (const [min, max] of [
      [0, 1],
      [3, 3],
      [0, 64],
      [63, 65],
      [1, 130],
      [4000, 4100],
    ] as const) {
      const part: GrammarPart = { kind: 'repeat', part: literal('x'), min, max };
      for (const count of [min - 1, min, Math.floor((min + max) / 2), max, max + 1]) {
        if (count < 0) continue;
        expect(await accepts(part, 'x'.repeat(count)), `${count} of ${min}-${max}`).toBe(
          count >= min && count <= max,
        );
      }
    }
  });
});

describe('a grammar in a model', () => {
  test('ends where nothing can follow, and not before', async () => {
    const grammar = await answer({
      kind: 'json',
      schema: { type: 'array', items: { type: 'integer' } },
      field: 'f',
    });
    expect(write(grammar, '[1')).toBe('[1');
    expect(grammar.isComplete()).toBe(false);
    expect(write(grammar, ', 2]x')).toBe(', 2]');
    expect(grammar.isComplete()).toBe(true);
    grammar.free();

    const number = await answer({ kind: 'json', schema: { type: 'integer' }, field: 'f' });
    write(number, '12');
    expect(number.allows(end)).toBe(true);
    expect(number.isComplete()).toBe(false);
    number.free();
  });

  test('takes no control token for its spelling, and no bytes that are no UTF-8', async () => {
    const grammar = await answer({ kind: 'json', schema: { type: 'string' }, field: 'f' });
    write(grammar, '"');
    const begin = 1;
    expect(tiny.model.vocabulary.spelling(begin)).toBe('<s>');
    expect(grammar.allows(begin)).toBe(false);
    for (const [first, second] of [
      [0xe0, 0x8a],
      [0xed, 0xa0],
      [0xf4, 0x90],
      [0xc3, 0x28],
    ] as const) {
      const other = await answer({ kind: 'json', schema: { type: 'string' }, field: 'f' });
      write(other, '"');
      other.accept(first + 3);
      expect(other.allows(second + 3), `${first} ${second}`).toBe(false);
      other.free();
    }
    expect(grammar.allows(3)).toBe(false);
    grammar.free();
  });

  test('refuses a token that does not match instead of ending the process', async () => {
    const grammar = await answer(literal('ab'));
    expect(() => {
      grammar.accept(end);
    }).toThrow(RangeError);
    expect(() => {
      grammar.accept('b'.charCodeAt(0) + 3);
    }).toThrow(RangeError);
    expect(write(grammar, 'ab')).toBe('ab');
    grammar.free();
    grammar.free();
  });

  test('names control tokens by their spelling', async () => {
    const grammar = await answer({
      kind: 'sequence',
      parts: [{ kind: 'control', spelling: '<s>' }, literal('x')],
    });
    expect(grammar.allows('<'.charCodeAt(0) + 3)).toBe(false);
    grammar.accept(1);
    expect(write(grammar, 'x')).toBe('x');
    expect(grammar.isComplete()).toBe(true);
    grammar.free();
    await expect(answer({ kind: 'control', spelling: '<|nothing|>' })).rejects.toMatchObject({
      kind: 'invalid_request',
      message: expect.stringContaining('<|nothing|>') as string,
    });
  });

  test('forgets the grammars that were used longest ago, and parses them again', async () => {
    const first = compileGrammar(literal('first')).text;
    await tiny.model.grammars.prepare(first);
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        tiny.model.grammars.prepare(compileGrammar(literal(`other ${index % 36}`)).text),
      ),
    );
    const matcher = tiny.model.grammars.open(first);
    expect(matcher.allows('f'.charCodeAt(0) + 3)).toBe(true);
    matcher.free();
    await expect(tiny.model.grammars.prepare('root ::= missing')).rejects.toMatchObject({ kind: 'internal' });
  });
});

describe('a grammar behind a trigger', () => {
  const call: GrammarPart = {
    kind: 'sequence',
    parts: [literal('<call>'), { kind: 'json', schema: { type: 'boolean' }, field: 'f' }, literal('</call>')],
  };

  test('lets anything pass until the trigger is written', async () => {
    const grammar = await answer(call, ['<call>']);
    expect(grammar.allows(end)).toBe(true);
    expect(write(grammar, 'I think <cal l> <<call>')).toBe('I think <cal l> <<call>');
    expect(grammar.allows(end)).toBe(false);
    expect(write(grammar, 'yes')).toBe('');
    expect(write(grammar, 'true</call>')).toBe('true</call>');
    expect(grammar.isComplete()).toBe(true);
    grammar.free();
  });

  test('begins with the earliest of several, and inside a character', async () => {
    const part: GrammarPart = {
      kind: 'choice',
      options: [call, { kind: 'sequence', parts: [literal('é['), free(']'), literal(']')] }],
    };
    const grammar = await answer(part, ['<call>', 'é[']);
    expect(write(grammar, 'x è é[a]b')).toBe('x è é[a]');
    expect(grammar.isComplete()).toBe(true);
    grammar.free();
  });

  test('judges a token that brings more than the trigger by what it brings', async () => {
    // A longer piece than a byte: " w7" begins with a space.
    const token = 259 + 7;
    expect(Buffer.from(tiny.model.vocabulary.piece(token)).toString()).toBe(' w7');
    const matching = await answer(literal(' w7!'), [' w']);
    write(matching, 'say');
    expect(matching.allows(token)).toBe(true);
    matching.accept(token);
    expect(write(matching, '!')).toBe('!');
    expect(matching.isComplete()).toBe(true);
    matching.free();
    const other = await answer(literal(' w8!'), [' w']);
    const flags = new Uint8Array(2);
    other.check(Int32Array.of(token, token + 1), 2, flags);
    expect([...flags]).toEqual([0, 1]);
    expect(() => {
      other.accept(token);
    }).toThrow(RangeError);
    other.free();
  });
});
