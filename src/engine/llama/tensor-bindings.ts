// Tensors of a graph while it is computed. Beside bindings.ts the only file that names C symbols: that one is as long as a file
// may be. Fields of ggml_tensor are read by their offsets (ggml.h v0.5.0); `checkTensorLayout` compares them with what
// ggml's own functions say before they are trusted.
import koffi from 'koffi';
import { NearfarError } from '../../chat/error.ts';
import { openSharedLibrary, type Callback, type Pointer } from './bindings.ts';
import { packageFiles } from './package.ts';

const evalCallbackType = koffi.proto('nearfar_eval', 'bool', ['uintptr_t', 'bool', 'void *']);

/** Where the fields lie, bytes. */
const layout = {
  type: 0,
  sizes: 16,
  strides: 48,
  operation: 80,
  sources: 152,
  data: 248,
  name: 256,
  nameBytes: 64,
  bytes: 336,
} as const;

/** Address of a ggml_tensor. User-space addresses fit 2^53. */
export type TensorAddress = number;

/** What a node of the graph is, read when it was made and valid while the graph is. */
export interface GraphTensor {
  readonly name: string;
  /** ggml type number. */
  readonly type: number;
  /** Elements along each dimension, fastest first. */
  readonly sizes: readonly [number, number, number, number];
  /** Bytes from one element, row, matrix to the next. */
  readonly strides: readonly [number, number, number, number];
  /** ggml_op number. */
  readonly operation: number;
  readonly data: number;
}

export interface TensorBindings {
  /** Numbers of the two matrix products. */
  readonly multiply: number;
  readonly multiplyById: number;
  read(tensor: TensorAddress): GraphTensor;
  /** The number of its operation alone: asked for each node. */
  operationOf(tensor: TensorAddress): number;
  source(tensor: TensorAddress, index: 0 | 1 | 2): TensorAddress;
  /** @throws NearfarError `internal` where ggml lays its tensors out otherwise */
  checkLayout(tensor: TensorAddress): void;
}

/** Native memory as numbers; valid only as long as its owner keeps it. */
export function viewBytes(address: number, byteCount: number): DataView {
  return new DataView(koffi.view(BigInt(address), byteCount));
}

/** @param packageName of the library that this process holds, e.g. `@node-llama-cpp/linux-x64` */
export function bindTensors(packageName: string): TensorBindings {
  const files = packageFiles(packageName.replace('@node-llama-cpp/', ''));
  if (files === null) throw new NearfarError('internal', `${packageName} is not there any more.`);
  const base = openSharedLibrary(files.base);
  const operationName = base.func('ggml_op_name', 'str', ['int']) as (operation: number) => string;
  const nameOf = base.func('ggml_get_name', 'uintptr_t', ['uintptr_t']) as (tensor: number) => number;
  const dataOf = base.func('ggml_get_data', 'uintptr_t', ['uintptr_t']) as (tensor: number) => number;
  const countOf = base.func('ggml_nelements', 'int64_t', ['uintptr_t']) as (
    tensor: number,
  ) => number | bigint;
  const numberOf = (name: string): number => {
    // There are about a hundred operations; MUL_MAT is among the first third.
    for (let operation = 0; operation < 64; operation++)
      if (operationName(operation) === name) return operation;
    throw new NearfarError('internal', `ggml has no operation ${name}.`);
  };
  const four = (view: DataView, at: number): [number, number, number, number] => [
    Number(view.getBigUint64(at, true)),
    Number(view.getBigUint64(at + 8, true)),
    Number(view.getBigUint64(at + 16, true)),
    Number(view.getBigUint64(at + 24, true)),
  ];
  const read = (tensor: TensorAddress): GraphTensor => {
    const view = viewBytes(tensor, layout.bytes);
    const bytes = new Uint8Array(view.buffer, view.byteOffset + layout.name, layout.nameBytes);
    const end = bytes.indexOf(0);
    return {
      name: Buffer.from(bytes.subarray(0, end < 0 ? layout.nameBytes : end)).toString('utf8'),
      type: view.getInt32(layout.type, true),
      sizes: four(view, layout.sizes),
      strides: four(view, layout.strides),
      operation: view.getInt32(layout.operation, true),
      data: Number(view.getBigUint64(layout.data, true)),
    };
  };
  return {
    multiply: numberOf('MUL_MAT'),
    multiplyById: numberOf('MUL_MAT_ID'),
    read,
    operationOf: (tensor) => viewBytes(tensor + layout.operation, 4).getInt32(0, true),
    source: (tensor, index) =>
      Number(viewBytes(tensor + layout.sources + 8 * index, 8).getBigUint64(0, true)),
    checkLayout: (tensor) => {
      const found = read(tensor);
      const elementCount = found.sizes.reduce((product, size) => product * size, 1);
      const isAsExpected =
        nameOf(tensor) === tensor + layout.name &&
        dataOf(tensor) === found.data &&
        Number(countOf(tensor)) === elementCount &&
        found.type >= 0 &&
        found.type < 64;
      if (isAsExpected) return;
      throw new NearfarError(
        'internal',
        "The loaded ggml lays out its tensors differently from nearfar's bindings.",
      );
    },
  };
}

/**
 * A C function pointer for `cb_eval`: called for each node of a graph, first with `isAsked` (whether its result is wanted), and
 * if so again when it is computed. It runs on the thread that called llama_decode, within that call.
 */
export function evalCallback(listener: (tensor: TensorAddress, isAsked: boolean) => boolean): Callback {
  const pointer: Pointer = koffi.register(listener, koffi.pointer(evalCallbackType));
  return {
    pointer,
    release: () => {
      koffi.unregister(pointer);
    },
  };
}
