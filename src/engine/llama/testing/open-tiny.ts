import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LlamaContext } from '../context.ts';
import { createContext } from '../context.ts';
import type { ContextOptions } from '../context-options.ts';
import { openLibrary } from '../library.ts';
import { loadModel } from '../model.ts';
import type { LlamaModel } from '../model.ts';
import { writeTinyModel } from './tiny-model.ts';
import type { TinyModelKind } from './tiny-model.ts';

export interface TinyModel {
  readonly model: LlamaModel;
  context(options?: Partial<ContextOptions>): LlamaContext;
  close(): void;
}

/** A tiny model in a folder of its own, which `close` removes with everything opened on it. */
export async function openTiny(kind: TinyModelKind): Promise<TinyModel> {
  const folder = mkdtempSync(join(tmpdir(), 'nearfar-tiny-'));
  const path = join(folder, `${kind}.gguf`);
  writeTinyModel(path, kind);
  const library = openLibrary({ backend: 'cpu', onLog: () => undefined });
  const model = await loadModel(library, { path, gpuLayerCount: 0 });
  const contexts: LlamaContext[] = [];
  return {
    model,
    context: (options = {}) => {
      const context = createContext(model, {
        cellCount: 512,
        batchTokenCount: 128,
        sequenceCount: 8,
        outputCount: 8,
        threadCount: 1,
        ...options,
      });
      contexts.push(context);
      return context;
    },
    close: () => {
      for (const context of contexts) context.close();
      model.close();
      library.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Tokens of a tiny model's vocabulary that are no control tokens, the same each time. */
export function tokensOf(count: number, seed = 0): number[] {
  return Array.from({ length: count }, (_, index) => 10 + ((index * 37 + seed * 11) % 280));
}

/** Reads tokens into a sequence in chunks, and returns a copy of the last one's logits. */
export function feed(
  context: LlamaContext,
  sequence: number,
  tokens: ArrayLike<number>,
  chunk = context.batchTokenCount,
): Float32Array {
  const start = context.sequenceEnd(sequence);
  let last = new Float32Array();
  for (let from = 0; from < tokens.length; from += chunk) {
    const to = Math.min(tokens.length, from + chunk);
    context.clearBatch();
    let row = 0;
    for (let index = from; index < to; index++) {
      row = context.addToken(tokens[index] ?? 0, start + index, sequence, index === tokens.length - 1);
    }
    const outcome = context.decode();
    if (outcome !== 'ok') throw new Error(`decode: ${outcome}`);
    if (to === tokens.length) last = context.logits(row).slice();
  }
  return last;
}

/** Largest difference between two rows of logits. */
export function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] ?? NaN))), 0);
}
