import { readFile, stat } from 'node:fs/promises';
import { NearfarError } from '../../chat/error.ts';
import { parseGguf, type GgufHeader } from '../gguf.ts';
import { encodeGguf, type Metadata, type Tensor } from '../gguf-writer.ts';

/** What was seen of one weight matrix's inputs. */
export interface ImatrixEntry {
  /** Sums of squares by input column; of several matrices (experts) one after another. */
  readonly squares: Float32Array;
  /** Input rows that were summed, by matrix. */
  readonly counts: readonly number[];
}

/** An importance matrix: how strongly each column of each weight matrix is used on a text. */
export interface Imatrix {
  readonly entries: ReadonlyMap<string, ImatrixEntry>;
  /** Where the texts came from, as far as it is known. */
  readonly datasets: readonly string[];
  readonly chunkCount: number;
  /** Tokens of a chunk; 0 = unknown (old files). */
  readonly chunkTokenCount: number;
}

const squaresSuffix = '.in_sum2';
const countsSuffix = '.counts';
/** Bytes of the largest file that is read: that of a model with 256 experts takes some hundred MB. */
const mostBytes = 2 ** 31;

/** The GGUF that llama-imatrix and llama-quantize of llama.cpp (2025 and later) write and read. Pure. */
export function encodeImatrix(imatrix: Imatrix): Buffer {
  const metadata = new Map<string, Metadata>([
    ['general.type', { type: 'string', value: 'imatrix' }],
    ['imatrix.datasets', { type: 'strings', value: imatrix.datasets }],
    ['imatrix.chunk_count', { type: 'u32', value: imatrix.chunkCount }],
    ['imatrix.chunk_size', { type: 'u32', value: imatrix.chunkTokenCount }],
  ]);
  const names = [...imatrix.entries.keys()].sort();
  const tensors = names.flatMap((name): Tensor[] => {
    const entry = imatrix.entries.get(name);
    if (entry === undefined) return [];
    const matrixCount = entry.counts.length;
    const values = entry.squares;
    return [
      { name: name + squaresSuffix, shape: [values.length / matrixCount, matrixCount], values },
      { name: name + countsSuffix, shape: [1, matrixCount], values: Float32Array.from(entry.counts) },
    ];
  });
  return encodeGguf(metadata, tensors);
}

/**
 * Reads an importance matrix in the format of today or in that of before 2025 (`.dat`).
 * @throws NearfarError `not_found`, or `invalid_request` where it is none
 */
export async function readImatrix(path: string): Promise<Imatrix> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isFile() !== true) {
    throw new NearfarError('not_found', `There is no importance matrix at ${path}.`, { field: 'imatrix' });
  }
  if (stats.size > mostBytes) throw notOne(path, 'it is larger than 2 GiB');
  const bytes = await readFile(path);
  try {
    return bytes.subarray(0, 4).toString('latin1') === 'GGUF' ? parseNew(bytes) : parseOld(bytes);
  } catch (thrown) {
    if (thrown instanceof NearfarError || thrown instanceof RangeError) {
      throw notOne(path, thrown instanceof NearfarError ? thrown.message : 'it is cut off or damaged');
    }
    throw thrown;
  }
}

function notOne(path: string, why: string): NearfarError {
  return new NearfarError('invalid_request', `${path} is no importance matrix: ${why}.`.replace('..', '.'), {
    field: 'imatrix',
  });
}

/** Mean squares by tensor name, as llama_model_quantize takes them; 1 for experts that nothing was sent to. */
export async function readImportances(path: string): Promise<ReadonlyMap<string, Float32Array>> {
  return importancesOf(await readImatrix(path));
}

/** @see readImportances. Pure. */
export function importancesOf(imatrix: Imatrix): ReadonlyMap<string, Float32Array> {
  const importances = new Map<string, Float32Array>();
  for (const [name, { squares, counts }] of imatrix.entries) {
    const columnCount = squares.length / Math.max(1, counts.length);
    importances.set(
      name,
      squares.map((sum, index) => {
        const count = counts[Math.floor(index / columnCount)] ?? 0;
        return count > 0 ? sum / count : 1;
      }),
    );
  }
  return importances;
}

function parseNew(bytes: Buffer): Imatrix {
  const header = parseGguf(bytes);
  if (header === null || header.expectedFileBytes > bytes.length) throw new RangeError();
  if (header.metadata.get('general.type') !== 'imatrix') {
    throw new NearfarError('invalid_request', 'its general.type is not "imatrix"');
  }
  const tensors = new Map(header.tensors.map((tensor) => [tensor.name, tensor]));
  const entries = new Map<string, ImatrixEntry>();
  for (const { name } of header.tensors) {
    if (!name.endsWith(squaresSuffix)) continue;
    const of = name.slice(0, -squaresSuffix.length);
    const squares = floatsOf(bytes, header, tensors, name);
    const counts = [...floatsOf(bytes, header, tensors, of + countsSuffix)];
    if (counts.length === 0 || squares.length % counts.length !== 0) throw new RangeError();
    entries.set(of, { squares, counts });
  }
  if (entries.size === 0) throw new NearfarError('invalid_request', 'it says nothing of any tensor');
  const datasets = header.metadata.get('imatrix.datasets');
  return {
    entries,
    datasets: typeof datasets === 'object' ? (datasets.values ?? []).map(String) : [],
    chunkCount: numberOf(header, 'imatrix.chunk_count'),
    chunkTokenCount: numberOf(header, 'imatrix.chunk_size'),
  };
}

function numberOf(header: GgufHeader, key: string): number {
  const value = header.metadata.get(key);
  return typeof value === 'number' ? value : 0;
}

function floatsOf(
  bytes: Buffer,
  header: GgufHeader,
  tensors: ReadonlyMap<string, GgufHeader['tensors'][number]>,
  name: string,
): Float32Array {
  const tensor = tensors.get(name);
  if (tensor?.type !== 0) throw new RangeError();
  const from = header.dataOffset + tensor.offset;
  const copy = new Uint8Array(tensor.elementCount * 4);
  copy.set(bytes.subarray(from, from + copy.length));
  return new Float32Array(copy.buffer);
}

/** Entries of name, calls, values (sums of squares over rows, times calls), then the chunk count and the text's name. */
function parseOld(bytes: Buffer): Imatrix {
  let at = 0;
  const int = (): number => {
    const value = bytes.readInt32LE(at);
    at += 4;
    return value;
  };
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > bytes.length) throw new RangeError();
    at += length;
    return bytes.subarray(at - length, at);
  };
  const entryCount = int();
  if (entryCount < 1 || entryCount > 1_000_000) {
    throw new NearfarError('invalid_request', 'it begins like neither format');
  }
  const entries = new Map<string, ImatrixEntry>();
  for (let index = 0; index < entryCount; index++) {
    const name = take(int()).toString('utf8');
    const callCount = int();
    const values = Uint8Array.from(take(4 * int()));
    entries.set(name, { squares: new Float32Array(values.buffer), counts: [Math.max(1, callCount)] });
  }
  const chunkCount = at < bytes.length ? int() : 0;
  const dataset = at < bytes.length ? take(int()).toString('utf8') : '';
  return { entries, datasets: dataset === '' ? [] : [dataset], chunkCount, chunkTokenCount: 0 };
}
