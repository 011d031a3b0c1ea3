import { describe, expect, it } from 'vitest';
import type { EmbedTask } from '../../chat/embedding.ts';
import { readEmbedTask, type EmbedReaderSetup, type EmbedVocabulary } from './embed-reader.ts';

const cls = 1;
const sep = 2;

/** A letter is a token, by its code; BERT's tokens around a text. */
const vocabulary: EmbedVocabulary = {
  tokenCount: 300,
  bos: cls,
  eos: null,
  sep,
  addsBos: true,
  addsEos: false,
  addsSep: true,
  tokenize: (text, { addSpecial }) => {
    const codes = Array.from(text, (letter) => letter.charCodeAt(0));
    return Int32Array.from(addSpecial ? [cls, ...codes, sep] : codes);
  },
  tokenizeAsync: async (text, options) => vocabulary.tokenize(text, options),
};

function setup(changes: Partial<EmbedReaderSetup> = {}): EmbedReaderSetup {
  return {
    vocabulary,
    contextTokenCount: 8,
    ranks: false,
    pairTemplate: null,
    whyNotShortened: (length) => (length === 4 ? null : 'expected 4'),
    ...changes,
  };
}

function texts(inputs: readonly string[], changes: Partial<EmbedTask & { kind: 'embed' }> = {}): EmbedTask {
  return {
    kind: 'embed',
    inputs: inputs.map((text) => ({ kind: 'text', text })),
    truncates: false,
    dimensions: null,
    field: 'input',
    ...changes,
  };
}

const listed = (tokens: readonly Int32Array[]): number[][] => tokens.map((each) => [...each]);
const [a, b] = ['a', 'b'].map((letter) => letter.charCodeAt(0)) as [number, number];

describe('texts to embed', () => {
  it('get the tokens that the model wants around them; token ids get none', async () => {
    expect(listed((await readEmbedTask(texts(['ab', '']), setup())).texts)).toEqual([
      [cls, a, b, sep],
      [cls, sep],
    ]);
    const tokens = { ...texts([]), inputs: [{ kind: 'tokens', tokens: [a, 299] }] } as EmbedTask;
    expect(listed((await readEmbedTask(tokens, setup())).texts)).toEqual([[a, 299]]);
  });

  it('beyond the context are an error that names the text and both counts', async () => {
    const call = readEmbedTask(texts(['ab', 'abcdefghij']), setup());
    await expect(call).rejects.toMatchObject({ kind: 'context_overflow', field: 'input[1]', status: 400 });
    await expect(call).rejects.toThrow(/12 tokens.* 8 /);
  });

  it('are cut where that was asked for, and still end as the model wants', async () => {
    const read = await readEmbedTask(texts(['ab', 'aaaaaaaaab'], { truncates: true }), setup());
    expect(listed(read.texts)[1]).toEqual([cls, a, a, a, a, a, a, sep]);
    expect(read.truncatedCount).toBe(1);
  });

  it.each([
    [{ inputs: [{ kind: 'tokens', tokens: [1, 300] }] }, 'input[1]', 'invalid_request'],
    [
      {
        inputs: [
          { kind: 'tokens', tokens: [1] },
          { kind: 'tokens', tokens: [-1] },
        ],
      },
      'input[1][0]',
      'invalid_request',
    ],
    [{ inputs: [{ kind: 'tokens', tokens: [] }] }, 'input', 'invalid_request'],
    [{ dimensions: 3 }, 'dimensions', 'unsupported'],
  ] as const)('%j is refused by its field', async (changes, field, kind) => {
    const task = texts(['a'], changes);
    await expect(readEmbedTask(task, setup())).rejects.toMatchObject({ field, kind });
  });

  it('leave others their turns, however many they are', async () => {
    let turnCount = 0;
    let isOver = false;
    const count = (): void => {
      turnCount++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const many = texts(Array.from({ length: 50 }, () => 'a'.repeat(4_000)));
    await readEmbedTask(many, setup({ contextTokenCount: 5_000 }));
    isOver = true;
    expect(turnCount).toBeGreaterThan(20);
  });

  it('are not for a model that ranks', async () => {
    await expect(readEmbedTask(texts(['a']), setup({ ranks: true }))).rejects.toMatchObject({
      field: 'model',
    });
  });
});

describe('documents to rank', () => {
  const task: EmbedTask = { kind: 'rank', query: 'a', documents: ['b', 'bb'] };

  it('come after the query where vectors are compared', async () => {
    expect(listed((await readEmbedTask(task, setup())).texts)).toEqual([
      [cls, a, sep],
      [cls, b, sep],
      [cls, b, b, sep],
    ]);
  });

  it('are paired with it for a model that ranks', async () => {
    expect(listed((await readEmbedTask(task, setup({ ranks: true }))).texts)).toEqual([
      [cls, a, sep, b, sep],
      [cls, a, sep, b, b, sep],
    ]);
    const end = { ...vocabulary, eos: 3, addsEos: true, addsSep: false };
    expect(listed((await readEmbedTask(task, setup({ ranks: true, vocabulary: end }))).texts)[0]).toEqual([
      cls,
      a,
      3,
      b,
      3,
    ]);
    const pairTemplate = '<{query}|{document}>';
    expect(listed((await readEmbedTask(task, setup({ ranks: true, pairTemplate }))).texts)[0]).toEqual(
      Array.from('<a|b>', (letter) => letter.charCodeAt(0)),
    );
  });

  it('that are too long are named', async () => {
    const long: EmbedTask = { kind: 'rank', query: 'a', documents: ['b', 'bbbbbbbbbb'] };
    for (const ranks of [true, false]) {
      await expect(readEmbedTask(long, setup({ ranks }))).rejects.toMatchObject({ field: 'documents[1]' });
    }
  });
});
