import { countOf, Malformed, textAt, type ByteSource } from './byte-source.ts';
import { rootTable } from './flatbuffer.ts';
import { createTypeSums, elementCountOf, type Inspection } from './inspection.ts';

/** ScalarType of scalar_type.fbs (ExecuTorch 1.0), with bits of an element. */
const scalarTypes: ReadonlyMap<number, readonly [name: string, bits: number]> = new Map([
  [0, ['uint8', 8]],
  [1, ['int8', 8]],
  [2, ['int16', 16]],
  [3, ['int32', 32]],
  [4, ['int64', 64]],
  [5, ['float16', 16]],
  [6, ['float32', 32]],
  [7, ['float64', 64]],
  [11, ['bool', 8]],
  [12, ['qint8', 8]],
  [13, ['quint8', 8]],
  [15, ['bfloat16', 16]],
]);

/** KernelTypes.Tensor: the value of an EValue that is a tensor. */
const tensorValue = 5;
const mostDimensions = 32;

/**
 * An ExecuTorch program. Weights that a delegate (XNNPACK, Core ML) has taken over lie in its own bytes and are no tensors:
 * only their size is known. Pure.
 */
export function inspectExecutorch(source: ByteSource): Inspection {
  const identifier = textAt(source, 4, 4);
  if (!/^ET\d\d$/.test(identifier)) throw new Malformed('its identifier is not ET12');
  const program = rootTable(source);
  const sums = createTypeSums();
  const delegates = new Map<string, number>();
  const methods: string[] = [];
  for (const plan of program.tables(1)) {
    methods.push(plan.text(0) ?? '?');
    for (const value of plan.tables(2)) {
      if (value.u8(0) !== tensorValue) continue;
      const tensor = value.table(1);
      // Index 0 is the empty buffer: what is computed, not kept.
      if (tensor === null || tensor.u32(5) === 0) continue;
      const type = tensor.u8(0);
      const [name, bits] = scalarTypes.get(type) ?? [`type ${type}`, null];
      const elementCount = elementCountOf(tensor.i32s(2, mostDimensions) ?? [], name);
      sums.add(name, elementCount, bits === null ? null : (elementCount * bits) / 8);
    }
    for (const delegate of plan.tables(7)) {
      const id = delegate.text(0) ?? '?';
      delegates.set(id, (delegates.get(id) ?? 0) + 1);
    }
  }
  return {
    kind: 'executorch',
    architecture: null,
    name: null,
    producer: null,
    version: `${identifier}, schema ${program.u32(0)}`,
    parameterCount: sums.parameterCount(),
    types: sums.types(),
    details: {
      methods,
      delegates: [...delegates].map(([id, count]) => `${id} ${count}`),
      ...segmentBytes(source),
    },
  };
}

/** The extended header behind the identifier: how large the program and what follows it are. */
function segmentBytes(source: ByteSource): Readonly<Record<string, number>> {
  if (source.byteCount < 32 || textAt(source, 8, 2) !== 'eh') return {};
  const header = source.view(8, 24);
  const programBytes = countOf(header.getBigUint64(8, true), 'the size of its program');
  const segmentsAt = countOf(header.getBigUint64(16, true), 'the place of its segments');
  if (programBytes > source.byteCount || segmentsAt > source.byteCount) {
    throw new Malformed(
      `it is cut off: its program and segments need ${Math.max(programBytes, segmentsAt)} bytes`,
    );
  }
  return {
    'bytes of the program': programBytes,
    'bytes of segments (weights, delegates)': segmentsAt === 0 ? 0 : source.byteCount - segmentsAt,
  };
}
