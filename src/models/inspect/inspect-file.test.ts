import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryFolder, tinyModel } from '../../../test/models-fixtures.ts';
import { NearfarError } from '../../chat/error.ts';
import { renderInspection } from '../../cli/inspect.ts';
import { Malformed, sourceOfBytes } from './byte-source.ts';
import { inspectExecutorch } from './executorch.ts';
import { inspectFile } from './inspect-file.ts';
import { inspectOnnx } from './onnx.ts';
import { inspectSafetensors } from './safetensors.ts';
import { inspectTflite } from './tflite.ts';

/** A safetensors file, its header as given. */
function safetensors(header: unknown, dataBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

const tensors = safetensors(
  {
    __metadata__: { format: 'pt' },
    'a.weight': { dtype: 'F16', shape: [4, 8], data_offsets: [0, 64] },
    'b.weight': { dtype: 'F8_E4M3', shape: [16], data_offsets: [64, 80] },
  },
  80,
);

/** Protobuf: a message of fields, each a number, a text or a message. */
type Field = readonly [field: number, value: number | string | Buffer];
function message(...fields: readonly Field[]): Buffer {
  const varint = (value: number): Buffer => {
    const bytes: number[] = [];
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      if (rest < 128) return Buffer.from([...bytes, rest]);
      bytes.push((rest % 128) | 128);
    }
  };
  return Buffer.concat(
    fields.flatMap(([field, value]) => {
      if (typeof value === 'number') return [varint(field * 8), varint(value)];
      const bytes = Buffer.from(value);
      return [varint(field * 8 + 2), varint(bytes.length), bytes];
    }),
  );
}

const onnx = message(
  [1, 9],
  [2, 'pytorch'],
  [3, '2.9'],
  [
    7,
    message(
      [1, message([4, 'MatMul'])],
      [1, message([4, 'MatMul'])],
      [2, 'main_graph'],
      [5, message([1, 4], [1, 300], [2, 10], [8, 'w'], [9, Buffer.alloc(16)])],
      [5, message([1, Buffer.from([2, 3])], [2, 22], [8, 'q'], [14, 1])],
    ),
  ],
  [8, message([2, 21])],
);

/** FlatBuffers: fields by their number, each in a slot of its own. */
type Flat =
  | null
  | { readonly u8: number }
  | { readonly u32: number }
  | { readonly u64: number }
  | { readonly text: string }
  | { readonly i32s: readonly number[] }
  | { readonly bytes: number }
  | { readonly table: readonly Flat[] }
  | { readonly tables: readonly (readonly Flat[])[] };

function flatbuffer(identifier: string, root: readonly Flat[], extended = Buffer.alloc(0)): Buffer {
  const bytes: number[] = [0, 0, 0, 0, ...Buffer.from(identifier), ...extended];
  const patch = (at: number, value: number): void => {
    const four = Buffer.alloc(4);
    four.writeInt32LE(value);
    four.forEach((byte, index) => {
      bytes[at + index] = byte;
    });
  };
  const u32 = (value: number): number => {
    const at = bytes.length;
    bytes.push(0, 0, 0, 0);
    patch(at, value);
    return at;
  };
  const vector = (length: number, content: readonly number[]): number => {
    const at = u32(length);
    bytes.push(...content);
    return at;
  };
  const content = (value: Exclude<Flat, null>): number => {
    if ('text' in value) return vector(Buffer.byteLength(value.text), [...Buffer.from(value.text)]);
    if ('i32s' in value)
      return vector(value.i32s.length, [...Buffer.from(Int32Array.from(value.i32s).buffer)]);
    if ('bytes' in value)
      return vector(
        value.bytes,
        Array.from({ length: value.bytes }, () => 1),
      );
    if ('table' in value) return table(value.table);
    if ('tables' in value) {
      const at = u32(value.tables.length);
      const slots = value.tables.map(() => u32(0));
      value.tables.forEach((fields, index) => {
        patch(slots[index]!, table(fields) - slots[index]!);
      });
      return at;
    }
    throw new Error('a number lies in its table');
  };
  const table = (fields: readonly Flat[]): number => {
    const vtableAt = bytes.length;
    const sizes = [4 + 2 * fields.length, 4 + 8 * fields.length];
    const offsets = fields.map((field, index) => (field === null ? 0 : 4 + 8 * index));
    bytes.push(...Buffer.from(Uint16Array.from([...sizes, ...offsets]).buffer));
    const at = bytes.length;
    u32(at - vtableAt);
    const slots = fields.map(() => {
      const slot = bytes.length;
      bytes.push(0, 0, 0, 0, 0, 0, 0, 0);
      return slot;
    });
    fields.forEach((field, index) => {
      const slot = slots[index]!;
      if (field === null) return;
      if ('u8' in field) bytes[slot] = field.u8;
      else if ('u32' in field) patch(slot, field.u32);
      else if ('u64' in field) patch(slot, field.u64);
      else patch(slot, content(field) - slot);
    });
    return at;
  };
  patch(0, table(root));
  return Buffer.from(bytes);
}

const tflite = flatbuffer('TFL3', [
  { u32: 3 },
  null,
  {
    tables: [
      [
        {
          tables: [
            [{ i32s: [2, 3] }, { u8: 9 }, { u32: 1 }, { text: 'w' }],
            [{ i32s: [8] }, { u8: 0 }, { u32: 0 }, { text: 'input' }],
            [{ i32s: [10] }, { u8: 17 }, { u32: 2 }, { text: 'far' }],
          ],
        },
        null,
        null,
        { tables: [[], []] },
        { text: 'main' },
      ],
    ],
  },
  { text: 'a model' },
  { tables: [[], [{ bytes: 6 }], [null, { u64: 1000 }, { u64: 5 }]] },
]);

const executorch = flatbuffer('ET12', [
  { u32: 0 },
  {
    tables: [
      [
        { text: 'forward' },
        null,
        {
          tables: [
            [{ u8: 5 }, { table: [{ u8: 6 }, null, { i32s: [4, 4] }, null, null, { u32: 1 }] }],
            [{ u8: 5 }, { table: [{ u8: 6 }, null, { i32s: [9] }, null, null, { u32: 0 }] }],
            [{ u8: 2 }, { table: [{ u64: 7 }] }],
          ],
        },
        null,
        null,
        null,
        null,
        { tables: [[{ text: 'XnnpackBackend' }]] },
      ],
    ],
  },
]);

const files = { safetensors: tensors, onnx, tflite, executorch };
const readers = {
  safetensors: inspectSafetensors,
  onnx: inspectOnnx,
  tflite: inspectTflite,
  executorch: inspectExecutorch,
};

describe('inspecting a file', () => {
  it('reads safetensors', () => {
    expect(inspectSafetensors(sourceOfBytes(tensors))).toMatchObject({
      parameterCount: 48,
      types: [
        { type: 'F16', tensorCount: 1, elementCount: 32, bytes: 64 },
        { type: 'F8_E4M3', tensorCount: 1, elementCount: 16, bytes: 16 },
      ],
      details: { framework: 'pt' },
    });
  });

  it('reads ONNX, without the weights', () => {
    expect(inspectOnnx(sourceOfBytes(onnx))).toMatchObject({
      name: 'main_graph',
      producer: 'pytorch 2.9',
      version: 'IR 9',
      parameterCount: 1206,
      types: [
        { type: 'FLOAT16', elementCount: 1200, bytes: 2400 },
        { type: 'INT4', elementCount: 6, bytes: 3 },
      ],
      details: { opsets: ['ai.onnx 21'], nodes: 2, operators: ['MatMul 2'], 'tensors in other files': 1 },
    });
  });

  it('reads LiteRT: what has a buffer is a weight', () => {
    expect(inspectTflite(sourceOfBytes(tflite))).toMatchObject({
      name: 'a model',
      version: '3',
      parameterCount: 16,
      types: [
        { type: 'INT4', elementCount: 10, bytes: 5 },
        { type: 'INT8', elementCount: 6, bytes: 6 },
      ],
      details: { subgraphs: ['main'], operators: 2 },
    });
  });

  it('reads ExecuTorch, with its delegates', () => {
    expect(inspectExecutorch(sourceOfBytes(executorch))).toMatchObject({
      version: 'ET12, schema 0',
      parameterCount: 16,
      types: [{ type: 'float32', elementCount: 16, bytes: 64 }],
      details: { methods: ['forward'], delegates: ['XnnpackBackend 1'] },
    });
  });

  it('reads GGUF and Core ML packages, and knows kinds by their first bytes', async () => {
    await using folder = await temporaryFolder();
    const path = (name: string): string => join(folder.path, name);
    await writeFile(path('model.bin'), tinyModel());
    const gguf = await inspectFile(path('model.bin'));
    expect(gguf).toMatchObject({
      kind: 'gguf',
      architecture: 'llama',
      details: { format: 'Q4_1', layers: 2 },
    });
    expect(renderInspection('model.bin', 100, gguf)).toContain('4160 parameters, 100 B');
    await writeFile(path('odd'), tflite);
    expect((await inspectFile(path('odd'))).kind).toBe('tflite');

    const data = join('p.mlpackage', 'Data', 'com.apple.CoreML');
    await mkdir(path(join(data, 'weights')), { recursive: true });
    const manifest = {
      rootModelIdentifier: 'x',
      itemInfoEntries: { x: { path: 'com.apple.CoreML/model.mlmodel' } },
    };
    await writeFile(path(join('p.mlpackage', 'Manifest.json')), JSON.stringify(manifest));
    const model = message([1, 8], [2, message([100, message([1, 'says hello'])])], [502, message([1, 1])]);
    await writeFile(path(join(data, 'model.mlmodel')), model);
    const blob = Buffer.alloc(64 + 64 + 32);
    blob.writeUInt32LE(1, 0);
    blob.writeUInt32LE(0xdeadbeef, 64);
    blob.writeUInt32LE(1, 68);
    blob.writeBigUInt64LE(32n, 72);
    blob.writeBigUInt64LE(128n, 80);
    await writeFile(path(join(data, 'weights', 'weight.bin')), blob);
    expect(await inspectFile(path('p.mlpackage'))).toMatchObject({
      kind: 'coreml',
      name: 'says hello',
      version: 'specification 8',
      parameterCount: 16,
      types: [{ type: 'float16', bytes: 32 }],
      details: { type: 'ML program' },
    });
    await writeFile(path(join(data, 'weights', 'weight.bin')), blob.subarray(0, 150));
    await expect(inspectFile(path('p.mlpackage'))).rejects.toMatchObject({
      kind: 'invalid_request',
      message: expect.stringContaining('cut off: its weight 1 ends at byte 160 of 150') as string,
    });
    for (const outside of ['../../secret', '/etc/passwd']) {
      const bad = { ...manifest, itemInfoEntries: { x: { path: outside } } };
      await writeFile(path(join('p.mlpackage', 'Manifest.json')), JSON.stringify(bad));
      await expect(inspectFile(path('p.mlpackage'))).rejects.toThrow(/points out of|names no|it has no/);
    }
    await rm(path('p.mlpackage'), { recursive: true });
    await writeFile(path('what.txt'), 'hello there');
    await expect(inspectFile(path('what.txt'))).rejects.toThrow('expected one of .gguf');
    await expect(inspectFile(path('none.gguf'))).rejects.toMatchObject({ kind: 'not_found' });
  });

  it.each([
    ['a claimed length', safetensors({}, 0).fill(255, 0, 4), 'claims'],
    ['data that is cut off', tensors.subarray(0, -1), 'cut off'],
    [
      'a shape that its bytes do not hold',
      safetensors({ a: { dtype: 'F32', shape: [3], data_offsets: [0, 8] } }, 8),
      'needs another number',
    ],
    [
      'a negative size',
      safetensors({ a: { dtype: 'F32', shape: [-1], data_offsets: [0, 0] } }, 0),
      'is not a dtype',
    ],
    [
      'sizes beyond all numbers',
      safetensors({ a: { dtype: 'X', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 0] } }, 0),
      'too large',
    ],
    ['no object', safetensors([], 0), 'no object'],
  ])('names what is wrong: %s', async (_, bytes, reason) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.safetensors');
    await writeFile(path, bytes);
    const refused = await inspectFile(path).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NearfarError);
    expect((refused as NearfarError).message).toContain('no usable safetensors file');
    expect((refused as NearfarError).message).toContain(reason);
  });

  it.each(['safetensors', 'onnx', 'tflite', 'executorch'] as const)(
    'refuses a damaged %s by its own error, in bounded time',
    (kind) => {
      const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
      fc.assert(
        fc.property(fc.array(change, { maxLength: 6 }), fc.nat(), (changes, cut) => {
          const whole = Buffer.from(files[kind]);
          for (const { at, byte } of changes) whole[at % whole.length] = byte;
          const bytes = cut % 3 === 0 ? whole.subarray(0, cut % (whole.length + 1)) : whole;
          try {
            readers[kind](sourceOfBytes(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(Malformed);
          }
        }),
        { numRuns: 1000 },
      );
    },
  );
});
