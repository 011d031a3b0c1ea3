import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testWeights } from '../../../test/weights.ts';
import type { LlamaContext } from './context.ts';
import { createContext } from './context.ts';
import { openLibrary } from './library.ts';
import type { LlamaLibrary } from './library.ts';
import { loadModel } from './model.ts';
import type { LlamaModel } from './model.ts';
import { quantizeFile } from './quantize-job.ts';
import { distance, feed } from './testing/open-tiny.ts';
import type { Vocabulary } from './vocabulary.ts';

let folder: string;
let path: string;
let library: LlamaLibrary;
let model: LlamaModel;
let vocabulary: Vocabulary;
let context: LlamaContext;
const fractions: number[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-llama-'));
  path = await testWeights('smollm2');
  library = openLibrary({ backend: 'cpu', onLog: () => undefined });
  model = await loadModel(library, {
    path,
    gpuLayerCount: 'auto',
    onProgress: (fraction) => {
      fractions.push(fraction);
      return undefined;
    },
  });
  vocabulary = model.vocabulary;
  context = open(model);
}, 300_000);

afterAll(() => {
  context.close();
  model.close();
  library.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(of: LlamaModel): LlamaContext {
  return createContext(of, {
    cellCount: 1024,
    batchTokenCount: 128,
    sequenceCount: 16,
    outputCount: 4,
    threadCount: 1,
  });
}

const plain = { addSpecial: false, parseSpecial: false };
const special = { addSpecial: true, parseSpecial: true };

function textOf(tokens: Iterable<number>, isSpecial = false): string {
  return Buffer.concat([...tokens].map((token) => vocabulary.piece(token, isSpecial))).toString('utf8');
}

function chat(question: string): Int32Array {
  return vocabulary.tokenize(`<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`, special);
}

function best(logits: Float32Array): number {
  return logits.reduce((top, value, index) => (value > (logits[top] ?? 0) ? index : top), 0);
}

function answer(on: LlamaContext, of: LlamaModel, question: string, most: number): string {
  on.clearCells();
  const tokens = chat(question);
  let token = best(feed(on, 0, tokens));
  const pieces: Uint8Array[] = [];
  while (!of.vocabulary.isEndOfGeneration(token) && pieces.length < most) {
    pieces.push(of.vocabulary.piece(token));
    token = best(feed(on, 0, [token]));
  }
  return Buffer.concat(pieces).toString('utf8');
}

describe('loading', () => {
  it('reports progress and facts', () => {
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(model).toMatchObject({
      layerCount: 30,
      embeddingLength: 576,
      trainedContextTokenCount: 8192,
      bosText: '<|im_start|>',
      eosText: '<|im_end|>',
      isRecurrent: false,
      swaWindow: 0,
      gpuLayerCount: 0,
      // 2 bytes x 30 layers x 3 KV heads x (64 + 64)
      kvBytesPerCell: 23_040,
    });
    expect(model.parameterCount).toBeGreaterThan(134e6);
    expect(model.chatTemplate).toContain('im_start');
    expect(model.metadata.get('general.architecture')).toBe('llama');
  });

  it('stops when told to', async () => {
    const loading = loadModel(library, { path, gpuLayerCount: 0, onProgress: () => false });
    await expect(loading).rejects.toMatchObject({ kind: 'aborted' });
  });

  it('says what is wrong with a file', async () => {
    const damaged = join(folder, 'damaged.gguf');
    writeFileSync(damaged, 'GGUF but not really');
    await expect(loadModel(library, { path: damaged, gpuLayerCount: 0 })).rejects.toMatchObject({
      kind: 'invalid_request',
    });
    await expect(
      loadModel(library, { path: join(folder, 'absent'), gpuLayerCount: 0 }),
    ).rejects.toMatchObject({
      kind: 'not_found',
    });
  });
});

describe('the vocabulary', () => {
  it('gives back any text', () => {
    // This vocabulary lacks the bytes that begin planes 4 to 16, which hold no assigned characters but tags.
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        expect(textOf(vocabulary.tokenize(text, plain))).toBe(text);
      }),
    );
  });

  it('gives the same tokens on another thread, many at a time', async () => {
    const texts = Array.from({ length: 40 }, (_, index) => `text ${index} \u{1F30D} `.repeat(index));
    const results = await Promise.all(texts.map((text) => vocabulary.tokenizeAsync(text, plain)));
    results.forEach((tokens, index) => {
      expect(tokens).toEqual(vocabulary.tokenize(texts[index] ?? '', plain));
    });
  });

  it('reads control tokens only where it is told to', () => {
    const text = '<|im_end|>';
    expect(vocabulary.tokenize(text, special)).toHaveLength(1);
    expect(vocabulary.tokenize(text, plain).length).toBeGreaterThan(1);
    const [token = -1] = vocabulary.tokenize(text, special);
    expect(vocabulary.isControl(token)).toBe(true);
    expect(vocabulary.isEndOfGeneration(token)).toBe(true);
    expect(textOf([token])).toBe('');
    expect(textOf([token], true)).toBe(text);
    expect(vocabulary.spelling(token)).toBe(text);
    expect(vocabulary.spelling(null)).toBe('');
  });

  it('refuses ids that it does not have', () => {
    for (const token of [-1, vocabulary.tokenCount, 0.5]) {
      expect(() => vocabulary.piece(token)).toThrow(RangeError);
      expect(() => vocabulary.isControl(token)).toThrow(RangeError);
    }
  });
});

describe('logits of real weights', () => {
  const passage =
    'The lighthouse keeper wrote down what he saw, and then he counted the seconds again. '.repeat(8);

  it('agree through chunks, a shared prefix, a batch and a restore, within twice the noise of chunk sizes', () => {
    const tokens = vocabulary.tokenize(passage, plain);
    const cut = tokens.length - 20;
    const alone = feed(context, 0, tokens);
    context.clearCells();
    const noise = [7, 32, 64].map((chunk) => {
      const found = distance(feed(context, 0, tokens, chunk), alone);
      context.clearCells();
      return found;
    });
    const limit = 2 * Math.max(...noise, 0.05);
    const tail = tokens.subarray(cut);

    feed(context, 3, tokens.subarray(0, cut));
    context.copySequence(3, 9, 0, cut);
    expect(distance(feed(context, 9, tail), alone)).toBeLessThan(limit);

    const saved = context.saveSequence(3);
    expect(context.restoreSequence(12, saved)).toBe(true);
    expect(distance(feed(context, 12, tail), alone)).toBeLessThan(limit);

    context.copySequence(3, 4, 0, cut);
    context.copySequence(3, 5, 0, cut - 30);
    context.clearBatch();
    const rows = [...tail].map((token, index) => context.addToken(token, cut + index, 4, index === 19));
    for (let index = 0; index < 20; index++) context.addToken(tokens[index] ?? 0, cut - 30 + index, 5, false);
    expect(context.decode()).toBe('ok');
    expect(distance(context.logits(rows.at(-1) ?? 0), alone)).toBeLessThan(limit);
    context.clearCells();
  });

  it('answer', () => {
    expect(answer(context, model, 'What is the capital of France?', 12)).toContain('Paris');
  });
});

describe('a quantized KV cache', () => {
  it('answers too', () => {
    const small = createContext(model, {
      cellCount: 512,
      batchTokenCount: 128,
      sequenceCount: 2,
      outputCount: 2,
      threadCount: 1,
      kvType: 'q8_0',
    });
    expect(answer(small, model, 'What is the capital of France?', 12)).toContain('Paris');
    small.close();
  });
});

describe('quantizing', () => {
  it('writes another format in a process of its own, and that answers too', async () => {
    const output = join(folder, 'q4_0.gguf');
    const progress: number[] = [];
    await quantizeFile({
      input: path,
      output,
      format: 'Q4_0',
      allowRequantize: true,
      threadCount: 1,
      onProgress: (fraction) => progress.push(fraction),
    });
    expect(existsSync(output)).toBe(true);
    expect(progress.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
    const quantized = await loadModel(library, { path: output, gpuLayerCount: 0 });
    expect(quantized.format).toContain('Q4_0');
    expect(quantized.sizeBytes).toBeLessThan(model.sizeBytes);
    const own = open(quantized);
    expect(answer(own, quantized, 'What is the capital of France?', 12)).toContain('Paris');
    own.close();
    quantized.close();
  }, 120_000);

  it('leaves nothing behind where it fails or is stopped', async () => {
    const before = readdirSync(folder);
    const output = join(folder, 'never.gguf');
    await expect(
      quantizeFile({ input: path, output, format: 'Q9', allowRequantize: true }),
    ).rejects.toMatchObject({
      kind: 'invalid_request',
      message: expect.stringContaining('Q4_K_M') as string,
    });
    await expect(
      quantizeFile({ input: join(folder, 'damaged.gguf'), output, format: 'Q8_0', allowRequantize: true }),
    ).rejects.toMatchObject({ kind: 'invalid_request' });
    const stop = new AbortController();
    const stopped = quantizeFile({
      input: path,
      output,
      format: 'Q2_K',
      allowRequantize: true,
      threadCount: 1,
      signal: stop.signal,
      onProgress: () => {
        stop.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ kind: 'aborted' });
    expect(readdirSync(folder)).toEqual(before);
  }, 120_000);
});
