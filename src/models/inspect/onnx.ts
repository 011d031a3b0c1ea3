import { Malformed, textAt, type ByteSource } from './byte-source.ts';
import { createTypeSums, elementCountOf, type Inspection, type TypeSums } from './inspection.ts';
import { fieldsOf, wholeNumbersOf, type ProtobufField } from './protobuf.ts';

/** TensorProto.DataType, with bits of an element; `null`: none that is fixed. (onnx.proto3 of ONNX 1.18) */
const dataTypes: readonly (readonly [name: string, bits: number | null])[] = [
  ['UNDEFINED', null],
  ['FLOAT', 32],
  ['UINT8', 8],
  ['INT8', 8],
  ['UINT16', 16],
  ['INT16', 16],
  ['INT32', 32],
  ['INT64', 64],
  ['STRING', null],
  ['BOOL', 8],
  ['FLOAT16', 16],
  ['DOUBLE', 64],
  ['UINT32', 32],
  ['UINT64', 64],
  ['COMPLEX64', 64],
  ['COMPLEX128', 128],
  ['BFLOAT16', 16],
  ['FLOAT8E4M3FN', 8],
  ['FLOAT8E4M3FNUZ', 8],
  ['FLOAT8E5M2', 8],
  ['FLOAT8E5M2FNUZ', 8],
  ['UINT4', 4],
  ['INT4', 4],
  ['FLOAT4E2M1', 4],
];

interface Graph {
  name: string | null;
  nodeCount: number;
  readonly operators: Map<string, number>;
  externalCount: number;
}

/** Most characters of a text that is shown. */
const mostText = 200;

function textOf(source: ByteSource, field: ProtobufField): string {
  return field.isBytes ? textAt(source, field.from, Math.min(mostText, field.to - field.from)) : '';
}

/** A ModelProto. Weights may lie in other files beside it; their shapes are here all the same. Pure. */
export function inspectOnnx(source: ByteSource): Inspection {
  const sums = createTypeSums();
  const graph: Graph = { name: null, nodeCount: 0, operators: new Map(), externalCount: 0 };
  const opsets: string[] = [];
  let version: string | null = null;
  let producer: string | null = null;
  let graphCount = 0;
  for (const field of fieldsOf(source, 0, source.byteCount)) {
    if (field.field === 1 && !field.isBytes) version = String(field.value);
    else if (field.field === 2) producer = textOf(source, field);
    else if (field.field === 3 && producer !== null) producer = `${producer} ${textOf(source, field)}`.trim();
    else if (field.field === 7 && field.isBytes) {
      graphCount++;
      readGraph(source, field, graph, sums);
    } else if (field.field === 8 && field.isBytes) opsets.push(readOpset(source, field));
  }
  if (graphCount !== 1 || version === null)
    throw new Malformed('it has no version and one graph, as a model has');
  const operators = [...graph.operators].sort((one, other) => other[1] - one[1]);
  return {
    kind: 'onnx',
    architecture: null,
    name: graph.name,
    producer,
    version: `IR ${version}`,
    parameterCount: sums.parameterCount(),
    types: sums.types(),
    details: {
      opsets,
      nodes: graph.nodeCount,
      operators: operators.slice(0, 12).map(([name, count]) => `${name} ${count}`),
      'tensors in other files': graph.externalCount,
    },
  };
}

function readOpset(source: ByteSource, message: ProtobufField): string {
  let domain = '';
  let version = '';
  for (const field of fieldsOf(source, message.from, message.to)) {
    if (field.field === 1) domain = textOf(source, field);
    else if (field.field === 2) version = String(field.value);
  }
  return `${domain === '' ? 'ai.onnx' : domain} ${version}`;
}

function readGraph(source: ByteSource, message: ProtobufField, graph: Graph, sums: TypeSums): void {
  for (const field of fieldsOf(source, message.from, message.to)) {
    if (field.field === 1 && field.isBytes) {
      graph.nodeCount++;
      const name = operatorOf(source, field);
      graph.operators.set(name, (graph.operators.get(name) ?? 0) + 1);
    } else if (field.field === 2) graph.name = textOf(source, field);
    else if (field.field === 5 && field.isBytes) {
      if (readTensor(source, field, sums)) graph.externalCount++;
    }
  }
}

function operatorOf(source: ByteSource, node: ProtobufField): string {
  for (const field of fieldsOf(source, node.from, node.to))
    if (field.field === 4) return textOf(source, field);
  return '?';
}

/** @returns whether its bytes lie in another file */
function readTensor(source: ByteSource, message: ProtobufField, sums: TypeSums): boolean {
  const shape: number[] = [];
  let type = 0;
  let name = '?';
  let isExternal = false;
  for (const field of fieldsOf(source, message.from, message.to)) {
    if (field.field === 1) shape.push(...wholeNumbersOf(source, field));
    else if (field.field === 2) type = Number(field.value);
    else if (field.field === 8) name = textOf(source, field);
    else if (field.field === 14) isExternal = field.value === 1n;
    if (shape.length > 64) throw new Malformed(`${name} has too many dimensions`);
  }
  const [typeName, bits] = dataTypes[type] ?? [`type ${type}`, null];
  const elementCount = elementCountOf(shape, name);
  sums.add(typeName, elementCount, bits === null ? null : Math.ceil((elementCount * bits) / 8));
  return isExternal;
}
