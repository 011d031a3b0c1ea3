import { Malformed } from './byte-source.ts';

export const fileKinds = ['gguf', 'safetensors', 'onnx', 'tflite', 'executorch', 'coreml'] as const;
export type FileKind = (typeof fileKinds)[number];

/** All tensors of one type. */
export interface TypeShare {
  readonly type: string;
  readonly tensorCount: number;
  /** Weights, not bytes. */
  readonly elementCount: number;
  /** As they lie in the file or beside it; `null` where the format does not say. */
  readonly bytes: number | null;
}

/** What a model file says about itself. `null` where it does not say. */
export interface Inspection {
  readonly kind: FileKind;
  readonly architecture: string | null;
  readonly name: string | null;
  /** What wrote it. */
  readonly producer: string | null;
  /** Of the format. */
  readonly version: string | null;
  readonly parameterCount: number;
  readonly types: readonly TypeShare[];
  /** Things that are particular to the kind: opsets, operators, delegates, quantization. */
  readonly details: Readonly<Record<string, string | number | readonly string[]>>;
}

/** Adds up tensors by type. */
export interface TypeSums {
  add(type: string, elementCount: number, bytes: number | null): void;
  parameterCount(): number;
  /** Largest first. */
  types(): readonly TypeShare[];
}

export function createTypeSums(): TypeSums {
  const sums = new Map<string, { tensorCount: number; elementCount: number; bytes: number | null }>();
  let parameterCount = 0;
  return {
    add: (type, elementCount, bytes) => {
      parameterCount += elementCount;
      if (!Number.isSafeInteger(parameterCount))
        throw new Malformed('it claims more weights than there can be');
      const sum = sums.get(type) ?? { tensorCount: 0, elementCount: 0, bytes: 0 };
      sums.set(type, {
        tensorCount: sum.tensorCount + 1,
        elementCount: sum.elementCount + elementCount,
        bytes: sum.bytes === null || bytes === null ? null : sum.bytes + bytes,
      });
    },
    parameterCount: () => parameterCount,
    types: () =>
      [...sums]
        .map(([type, sum]) => ({ type, ...sum }))
        .sort((one, other) => other.elementCount - one.elementCount),
  };
}

/** Product of a shape. @throws Malformed for sizes that are negative, or larger than anything */
export function elementCountOf(shape: readonly number[], name: string): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new Malformed(`the shape of ${name.slice(0, 64)} is out of range`);
    count *= size;
  }
  if (!Number.isSafeInteger(count)) throw new Malformed(`its tensor ${name.slice(0, 64)} is too large`);
  return count;
}
