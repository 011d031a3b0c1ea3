import { Malformed, textAt, type ByteSource } from './byte-source.ts';
import { rootTable } from './flatbuffer.ts';
import { createTypeSums, elementCountOf, type Inspection } from './inspection.ts';

/** TensorType of schema.fbs (LiteRT 2.1), with bits of an element. */
const tensorTypes: readonly (readonly [name: string, bits: number | null])[] = [
  ['FLOAT32', 32],
  ['FLOAT16', 16],
  ['INT32', 32],
  ['UINT8', 8],
  ['INT64', 64],
  ['STRING', null],
  ['BOOL', 8],
  ['INT16', 16],
  ['COMPLEX64', 64],
  ['INT8', 8],
  ['FLOAT64', 64],
  ['COMPLEX128', 128],
  ['UINT64', 64],
  ['RESOURCE', null],
  ['VARIANT', null],
  ['UINT32', 32],
  ['UINT16', 16],
  ['INT4', 4],
  ['BFLOAT16', 16],
  ['INT2', 2],
];

const mostDimensions = 32;

/** A LiteRT (TensorFlow Lite) model: tensors with a buffer that holds something are weights. Pure. */
export function inspectTflite(source: ByteSource): Inspection {
  if (textAt(source, 4, 4) !== 'TFL3') throw new Malformed('its identifier is not TFL3');
  const model = rootTable(source);
  const isFilled: boolean[] = [];
  for (const buffer of model.tables(4)) {
    // Large ones lie behind the FlatBuffer, at an offset with a size.
    isFilled.push(buffer.lengthOf(0) > 0 || buffer.u64(2) > 0n);
  }
  const sums = createTypeSums();
  const subgraphs: string[] = [];
  let operatorCount = 0;
  const seen = new Set<number>();
  for (const subgraph of model.tables(2)) {
    subgraphs.push(subgraph.text(4) ?? `subgraph ${subgraphs.length}`);
    operatorCount += subgraph.lengthOf(3);
    for (const tensor of subgraph.tables(0)) {
      const buffer = tensor.u32(2);
      if (isFilled[buffer] !== true || seen.has(buffer)) continue;
      // Signatures of one model share buffers.
      seen.add(buffer);
      const name = tensor.text(3) ?? '?';
      const [type, bits] = tensorTypes[tensor.u8(1)] ?? [`type ${tensor.u8(1)}`, null];
      const elementCount = elementCountOf(tensor.i32s(0, mostDimensions) ?? [], name);
      sums.add(type, elementCount, bits === null ? null : Math.ceil((elementCount * bits) / 8));
    }
  }
  return {
    kind: 'tflite',
    architecture: null,
    name: model.text(3),
    producer: null,
    version: String(model.u32(0)),
    parameterCount: sums.parameterCount(),
    types: sums.types(),
    details: { subgraphs, operators: operatorCount },
  };
}
