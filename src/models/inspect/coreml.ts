import { existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import { Malformed, textAt, withFile, type ByteSource } from './byte-source.ts';
import { createTypeSums, type Inspection, type TypeSums } from './inspection.ts';
import { fieldsOf } from './protobuf.ts';

/** BlobDataType of MILBlob's StorageFormat.hpp, with bits of an element. */
const blobTypes: ReadonlyMap<number, readonly [name: string, bits: number]> = new Map([
  [1, ['float16', 16]],
  [2, ['float32', 32]],
  [3, ['uint8', 8]],
  [4, ['int8', 8]],
  [5, ['bfloat16', 16]],
  [6, ['int16', 16]],
  [7, ['uint16', 16]],
  [8, ['int4', 4]],
  [9, ['uint1', 1]],
  [10, ['uint2', 2]],
  [11, ['uint4', 4]],
  [12, ['uint3', 3]],
  [13, ['uint6', 6]],
  [14, ['int32', 32]],
  [15, ['uint32', 32]],
  [16, ['float8e4m3fn', 8]],
  [17, ['float8e5m2', 8]],
]);

const sentinel = 0xdeadbeef;
const headerBytes = 64;
const mostManifestBytes = 1024 * 1024;

/** A Core ML package: a folder with a manifest, a specification and, of an ML program, a file of weights. */
export function inspectCoreml(folder: string): Inspection {
  const specification = specificationOf(folder);
  const facts = withFile(join(folder, specification), readModel);
  const weightsPath = join(folder, specification, '..', 'weights', 'weight.bin');
  const sums = createTypeSums();
  if (existsSync(weightsPath))
    withFile(weightsPath, (source) => {
      readBlobs(source, sums);
    });
  return {
    kind: 'coreml',
    architecture: null,
    name: facts.description,
    producer: null,
    version: `specification ${facts.version}`,
    parameterCount: sums.parameterCount(),
    types: sums.types(),
    details: { type: facts.type },
  };
}

/** Where the root item of the manifest lies. @throws Malformed */
function specificationOf(folder: string): string {
  const manifestPath = join(folder, 'Manifest.json');
  if (!existsSync(manifestPath)) throw new Malformed('it has no Manifest.json');
  if (statSync(manifestPath).size > mostManifestBytes)
    throw new Malformed('its Manifest.json is longer than 1 MiB');
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
  } catch {
    throw new Malformed('its Manifest.json is no JSON');
  }
  const { rootModelIdentifier, itemInfoEntries } = (manifest ?? {}) as {
    readonly rootModelIdentifier?: unknown;
    readonly itemInfoEntries?: Readonly<Record<string, { readonly path?: unknown } | null>>;
  };
  const path =
    typeof rootModelIdentifier === 'string' ? itemInfoEntries?.[rootModelIdentifier]?.path : undefined;
  if (typeof path !== 'string') throw new Malformed('its Manifest.json names no root model');
  const relative = normalize(join('Data', path));
  if (isAbsolute(path) || !relative.startsWith('Data'))
    throw new Malformed('its Manifest.json points out of the package');
  if (!existsSync(join(folder, relative)))
    throw new Malformed(`it has no ${relative}, which its manifest names`);
  return relative;
}

interface ModelFacts {
  readonly version: string;
  readonly description: string | null;
  readonly type: string;
}

/** Fields of Model.proto whose kind is worth a name. */
const modelTypes: ReadonlyMap<number, string> = new Map([
  [200, 'pipeline classifier'],
  [202, 'pipeline'],
  [500, 'neural network'],
  [502, 'ML program'],
  [403, 'neural network classifier'],
  [303, 'neural network regressor'],
]);

function readModel(source: ByteSource): ModelFacts {
  let version: string | null = null;
  let type = 'other';
  let description: string | null = null;
  for (const field of fieldsOf(source, 0, source.byteCount)) {
    if (field.field === 1 && !field.isBytes) version = String(field.value);
    else if (field.field === 2 && field.isBytes) description = shortDescription(source, field.from, field.to);
    else if (field.field >= 200) type = modelTypes.get(field.field) ?? `type ${field.field}`;
  }
  if (version === null) throw new Malformed('its model states no version of the specification');
  return { version, description, type };
}

/** ModelDescription.metadata.shortDescription. */
function shortDescription(source: ByteSource, from: number, to: number): string | null {
  for (const field of fieldsOf(source, from, to)) {
    if (field.field !== 100 || !field.isBytes) continue;
    for (const inner of fieldsOf(source, field.from, field.to)) {
      if (inner.field === 1 && inner.isBytes)
        return textAt(source, inner.from, Math.min(200, inner.to - inner.from));
    }
  }
  return null;
}

function readBlobs(source: ByteSource, sums: TypeSums): void {
  const count = source.view(0, headerBytes).getUint32(0, true);
  let at = headerBytes;
  for (let index = 0; index < count; index++) {
    const metadata = source.view(at, headerBytes);
    if (metadata.getUint32(0, true) !== sentinel)
      throw new Malformed(`its weight ${index + 1} of ${count} does not begin as one`);
    const type = metadata.getUint32(4, true);
    const bytes = Number(metadata.getBigUint64(8, true));
    const from = Number(metadata.getBigUint64(16, true));
    if (from < at + headerBytes || from + bytes > source.byteCount) {
      throw new Malformed(
        `it is cut off: its weight ${index + 1} ends at byte ${from + bytes} of ${source.byteCount}`,
      );
    }
    const [name, bits] = blobTypes.get(type) ?? [`type ${type}`, 8];
    sums.add(name, Math.floor((bytes * 8) / bits), bytes);
    at = Math.ceil((from + bytes) / headerBytes) * headerBytes;
  }
}
