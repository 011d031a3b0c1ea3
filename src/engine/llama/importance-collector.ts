import { NearfarError } from '../../chat/error.ts';
import { enums } from './structs.ts';
import { viewBytes, type GraphTensor, type TensorAddress, type TensorBindings } from './tensor-bindings.ts';

/** Sums over what the columns of one weight matrix were multiplied with. */
export interface CollectedImportance {
  /** Of squares, by input column; of several matrices (experts) one after another. */
  readonly squares: Float64Array;
  /** Rows that were summed: one number, or one for each expert. */
  readonly counts: Float64Array;
}

export interface ImportanceCollector {
  /** For `evalCallback`. */
  readonly listener: (tensor: TensorAddress, isAsked: boolean) => boolean;
  readonly collected: ReadonlyMap<string, CollectedImportance>;
  /** What went wrong within the callback, where throwing would tear native code apart. */
  problem(): NearfarError | null;
}

/** Products of fewer rows say little: as llama-imatrix, which leaves them out. */
const leastRowCount = 16;

/**
 * Collects, as llama-imatrix does (tools/imatrix v0.5.0), the sums of squares of the inputs of every matrix in the blocks
 * while a context computes on the CPU. Pass `listener` as the context's eval callback.
 */
export function createImportanceCollector(tensors: TensorBindings): ImportanceCollector {
  const collected = new Map<string, CollectedImportance>();
  let problem: NearfarError | null = null;
  let isChecked = false;

  const isWanted = (tensor: TensorAddress): boolean => {
    const operation = tensors.operationOf(tensor);
    if (operation === tensors.multiplyById) return true;
    if (operation !== tensors.multiply) return false;
    if (!isChecked) {
      tensors.checkLayout(tensors.source(tensor, 0));
      tensors.checkLayout(tensor);
      isChecked = true;
    }
    const input = tensors.read(tensors.source(tensor, 1));
    if (input.sizes[1] < leastRowCount || input.type !== enums.ggml_type.GGML_TYPE_F32) return false;
    return plainName(tensors.read(tensors.source(tensor, 0)).name).startsWith('blk.');
  };

  const collect = (tensor: TensorAddress): void => {
    const weights = tensors.read(tensors.source(tensor, 0));
    const input = tensors.read(tensors.source(tensor, 1));
    const name = plainName(weights.name);
    if (input.strides[0] !== 4)
      throw new NearfarError('unsupported', `The input of ${name} is not laid out in rows.`);
    if (tensors.operationOf(tensor) === tensors.multiplyById) {
      collectExperts(
        entryOf(collected, name, weights, input, weights.sizes[2]),
        input,
        tensors.read(tensors.source(tensor, 2)),
      );
    } else collectDense(entryOf(collected, name, weights, input, 1), weights, input);
  };

  return {
    collected,
    problem: () => problem,
    listener: (tensor, isAsked) => {
      if (problem !== null) return !isAsked;
      try {
        if (isAsked) return isWanted(tensor);
        collect(tensor);
      } catch (thrown) {
        problem =
          thrown instanceof NearfarError
            ? thrown
            : new NearfarError('internal', String(thrown), { cause: thrown });
        return !isAsked;
      }
      return true;
    },
  };
}

/** `CUDA0#blk.0.attn_k.weight#0` -> `blk.0.attn_k.weight`. */
function plainName(name: string): string {
  return name.split('#')[1] ?? name;
}

function entryOf(
  collected: Map<string, CollectedImportance>,
  name: string,
  weights: GraphTensor,
  input: GraphTensor,
  countLength: number,
): CollectedImportance {
  const length = input.sizes[0] * weights.sizes[2] * weights.sizes[3];
  const known = collected.get(name);
  if (known === undefined) {
    const entry = { squares: new Float64Array(length), counts: new Float64Array(countLength) };
    collected.set(name, entry);
    return entry;
  }
  if (known.squares.length !== length)
    throw new NearfarError('internal', `${name} was multiplied with rows of another length.`);
  return known;
}

function collectDense(entry: CollectedImportance, weights: GraphTensor, input: GraphTensor): void {
  const [length, rowCount, matrixCount, groupCount] = input.sizes;
  const weightCount = weights.sizes[2] * weights.sizes[3];
  const values = valuesOf(input);
  for (let group = 0; group < groupCount; group++) {
    for (let matrix = 0; matrix < matrixCount; matrix++) {
      const target = (group % weights.sizes[3]) * weights.sizes[2] + (matrix % weights.sizes[2]);
      for (let row = 0; row < rowCount; row++) {
        const at = row * input.strides[1] + matrix * input.strides[2] + group * input.strides[3];
        addSquares(entry.squares, target * length, values, at / 4, length);
      }
    }
  }
  entry.counts[0] = (entry.counts[0] ?? 0) + (rowCount * matrixCount * groupCount) / weightCount;
}

function collectExperts(entry: CollectedImportance, input: GraphTensor, ids: GraphTensor): void {
  const [length, usedCount, tokenCount] = input.sizes;
  const values = valuesOf(input);
  const chosen = viewBytes(ids.data, extentOf(ids));
  for (let index = 0; index < ids.sizes[0]; index++) {
    for (let token = 0; token < tokenCount; token++) {
      const expert = chosen.getInt32(token * ids.strides[1] + index * ids.strides[0], true);
      if (expert < 0 || expert >= entry.counts.length)
        throw new NearfarError('internal', `A token was sent to expert ${expert}, which is not there.`);
      const at = (index % usedCount) * input.strides[1] + token * input.strides[2];
      addSquares(entry.squares, expert * length, values, at / 4, length);
      entry.counts[expert] = (entry.counts[expert] ?? 0) + 1;
    }
  }
}

/** Bytes from a tensor's first element to behind its last, of elements of 4 bytes. */
function extentOf({ sizes, strides }: GraphTensor): number {
  return sizes.reduce((sum, size, dimension) => sum + (size - 1) * (strides[dimension] ?? 0), 4);
}

function valuesOf(tensor: GraphTensor): Float32Array {
  const view = viewBytes(tensor.data, extentOf(tensor));
  return new Float32Array(view.buffer, view.byteOffset, view.byteLength / 4);
}

function addSquares(
  sums: Float64Array,
  from: number,
  values: Float32Array,
  at: number,
  length: number,
): void {
  for (let index = 0; index < length; index++) {
    const value = values[at + index] ?? 0;
    sums[from + index] = (sums[from + index] ?? 0) + value * value;
  }
}
