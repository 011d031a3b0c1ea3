import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minilmWeights } from '../../../test/minilm.ts';
import { addScaled, dot, normalised } from '../vector.ts';
import { createEmbeddingContext, type EmbeddingContext } from './embedding-context.ts';
import { openLibrary, type LlamaLibrary } from './library.ts';
import { loadModel, type LlamaModel } from './model.ts';
import { writeTinyModel } from './testing/tiny-model.ts';
import { tinyReaderContext, writeTinyReader } from './testing/tiny-reader.ts';

let folder: string;
let library: LlamaLibrary;
const closing: (() => void)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-embed-'));
  library = openLibrary({ backend: 'cpu', onLog: () => undefined });
});

afterAll(() => {
  for (const close of closing.reverse()) close();
  library.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(path: string): Promise<{ model: LlamaModel; context: EmbeddingContext }> {
  const model = await loadModel(library, { path, gpuLayerCount: 0 });
  const context = createEmbeddingContext(model, {
    contextTokenCount: null,
    threadCount: 1,
    memoryBytes: 4e9,
  });
  closing.push(
    () => {
      model.close();
    },
    () => {
      context.close();
    },
  );
  return { model, context };
}

function tokensOf(length: number, seed: number): Int32Array {
  return Int32Array.from({ length }, (_, index) => 5 + ((index * 7 + seed * 3) % 26));
}

function embed(context: EmbeddingContext, tokens: Int32Array, pieceLength = tokens.length): Float32Array {
  context.clear();
  const pooled = new Float32Array(context.outputLength);
  for (let at = 0; at < tokens.length; at += pieceLength) {
    const piece = tokens.subarray(at, at + pieceLength);
    const [output] = context.decode([{ sequence: 0, position: at, tokens: piece }]);
    addScaled(pooled, output!, piece.length / tokens.length);
  }
  context.clear();
  return normalised(pooled);
}

describe.each(['mean', 'cls'] as const)('a tiny BERT with %s pooling', (pooling) => {
  let context: EmbeddingContext;

  beforeAll(async () => {
    const path = join(folder, `${pooling}.gguf`);
    writeTinyReader(path, pooling);
    ({ context } = await open(path));
  });

  it('says what it is', () => {
    expect(context).toMatchObject({
      pooling,
      isWhole: true,
      contextTokenCount: tinyReaderContext,
      outputLength: 32,
    });
  });

  it('reads several texts in one decode as it reads each alone', () => {
    const texts = [3, 17, 1, 40].map(tokensOf);
    const together = context.decode(texts.map((tokens, sequence) => ({ sequence, position: 0, tokens })));
    texts.forEach((tokens, index) => {
      expect(dot(normalised(together[index]!), embed(context, tokens))).toBeGreaterThan(0.9999);
    });
    expect(dot(embed(context, texts[0]!), embed(context, texts[1]!))).toBeLessThan(0.999);
  });

  it('refuses what would abort the process', () => {
    const decode = (sequence: number, position: number, tokens: Int32Array) => () =>
      context.decode([{ sequence, position, tokens }]);
    expect(decode(0, 0, new Int32Array())).toThrow(RangeError);
    expect(decode(0, 1, tokensOf(3, 0))).toThrow(RangeError);
    expect(decode(64, 0, tokensOf(3, 0))).toThrow(RangeError);
    expect(decode(0, 0, tokensOf(tinyReaderContext + 1, 0))).toThrow(RangeError);
    expect(decode(0, 0, Int32Array.of(1_000))).toThrow(RangeError);
    const twice = { sequence: 0, position: 0, tokens: tokensOf(2, 0) };
    expect(() => context.decode([twice, twice])).toThrow(RangeError);
  });
});

describe.each(['dense', 'sliding', 'recurrent'] as const)('a %s chat model', (kind) => {
  it('gives the mean, also where a text is read in parts', async () => {
    const path = join(folder, `${kind}.gguf`);
    writeTinyModel(path, kind);
    const { context } = await open(path);
    expect(context).toMatchObject({ pooling: 'mean', isWhole: false });
    const tokens = tokensOf(100, 1);
    const whole = embed(context, tokens);
    expect(Math.abs(dot(whole, whole) - 1)).toBeLessThan(1e-5);
    for (const pieceLength of [1, 7, 64]) {
      expect(dot(whole, embed(context, tokens, pieceLength))).toBeGreaterThan(0.999);
    }
    expect(dot(whole, embed(context, tokensOf(100, 2)))).toBeLessThan(0.9999);
  });
});

it('a tiny reranking model gives one score', async () => {
  const path = join(folder, 'rank.gguf');
  writeTinyReader(path, 'rank');
  const { context } = await open(path);
  expect(context).toMatchObject({ pooling: 'rank', outputLength: 1 });
  const scores = context.decode(
    [1, 2].map((seed) => ({ sequence: seed, position: 0, tokens: tokensOf(9, seed) })),
  );
  expect(scores.map((score) => score.length)).toEqual([1, 1]);
  expect(scores[0]![0]).not.toBe(scores[1]![0]);
});

interface Reference {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly embedding: readonly number[];
}

it('all-MiniLM-L6-v2 tokenizes and embeds as its own package does', async () => {
  const reference = JSON.parse(
    readFileSync(new URL('../../../test/fixtures/minilm-reference.json', import.meta.url), 'utf8'),
  ) as Reference[];
  const { model, context } = await open(await minilmWeights());
  const texts = reference.map(({ text }) =>
    model.vocabulary.tokenize(text, { addSpecial: true, parseSpecial: false }),
  );
  expect(texts.map((tokens) => [...tokens])).toEqual(reference.map(({ tokens }) => tokens));
  const vectors = context.decode(texts.map((tokens, sequence) => ({ sequence, position: 0, tokens })));
  reference.forEach(({ embedding }, index) => {
    expect(dot(normalised(vectors[index]!), Float32Array.from(embedding))).toBeGreaterThan(0.9999);
  });
}, 300_000);

it('opens at any size that can be asked for', async () => {
  for (const [kind, asked] of [
    ['dense', 300],
    ['dense', 16],
    ['mean', 33],
  ] as const) {
    const path = join(folder, `${kind}-${asked}.gguf`);
    if (kind === 'dense') writeTinyModel(path, kind);
    else writeTinyReader(path, kind);
    const model = await loadModel(library, { path, gpuLayerCount: 0 });
    const context = createEmbeddingContext(model, {
      contextTokenCount: asked,
      threadCount: 1,
      memoryBytes: 4e9,
    });
    expect(context.contextTokenCount).toBe(asked);
    expect(embed(context, tokensOf(asked, 1))).toHaveLength(32);
    context.close();
    model.close();
  }
});
