import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { NearfarError } from '../chat/error.ts';
import { rowLength } from './divergence.ts';

/** What a file of the base model's probabilities is about. */
export interface BaseShape {
  readonly windowTokenCount: number;
  readonly vocabTokenCount: number;
  readonly windowCount: number;
  /** The whole windows of the text, without the BOS that is put in front of each. */
  readonly tokens: Int32Array;
}

const magic = '_logits_';
const headerBytes = 20;

/** A file of rows, one after another: llama-perplexity's `--save-all-logits`, which it reads with `--kl-divergence`. */
export interface BaseWriter {
  /** Memory for the next row. */
  readonly row: Uint16Array;
  /** Appends what `row` holds. */
  append(): void;
  close(): void;
}

export function createBaseWriter(path: string, shape: BaseShape): BaseWriter {
  const file = openSync(path, 'w');
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 'latin1');
  header.writeInt32LE(shape.windowTokenCount, 8);
  header.writeInt32LE(shape.vocabTokenCount, 12);
  header.writeInt32LE(shape.windowCount, 16);
  writeSync(file, header);
  writeSync(file, bytesOf(shape.tokens));
  const row = new Uint16Array(rowLength(shape.vocabTokenCount));
  return {
    row,
    append: () => {
      writeSync(file, bytesOf(row));
    },
    close: () => {
      closeSync(file);
    },
  };
}

export interface BaseReader extends BaseShape {
  /** The next row, or the same memory again with what it held. @throws NearfarError where the file ends before it */
  next(): Uint16Array;
  close(): void;
}

/** @throws NearfarError `invalid_request` where the file is none, or is cut off */
export function openBase(path: string): BaseReader {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(headerBytes);
    if (readSync(file, header, 0, headerBytes, 0) < headerBytes || header.toString('latin1', 0, 8) !== magic)
      throw damaged(path, 'it does not begin with _logits_');
    const windowTokenCount = header.readInt32LE(8);
    const vocabTokenCount = header.readInt32LE(12);
    const windowCount = header.readInt32LE(16);
    const scored = windowTokenCount - 1 - (windowTokenCount >> 1);
    const rowBytes = 2 * rowLength(vocabTokenCount);
    const tokenBytes = 4 * windowCount * windowTokenCount;
    const expected = headerBytes + tokenBytes + windowCount * scored * rowBytes;
    const isSensible = windowTokenCount > 1 && vocabTokenCount > 0 && windowCount > 0;
    if (!isSensible || fstatSync(file).size < expected) throw damaged(path, 'it is cut off');
    const tokens = new Int32Array(windowCount * windowTokenCount);
    readSync(file, bytesOf(tokens), 0, tokenBytes, headerBytes);
    const row = new Uint16Array(rowLength(vocabTokenCount));
    let at = headerBytes + tokenBytes;
    return {
      windowTokenCount,
      vocabTokenCount,
      windowCount,
      tokens,
      next: () => {
        if (readSync(file, bytesOf(row), 0, rowBytes, at) < rowBytes)
          throw damaged(path, 'it has no more rows');
        at += rowBytes;
        return row;
      },
      close: () => {
        closeSync(file);
      },
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function bytesOf(view: Uint16Array | Int32Array): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function damaged(path: string, why: string): NearfarError {
  return new NearfarError('invalid_request', `${path} is no file of a model's probabilities: ${why}.`, {
    field: 'base',
  });
}
