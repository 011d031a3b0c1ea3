import { Malformed, mostEntries, mostPieceBytes, textAt, countOf, type ByteSource } from './byte-source.ts';
import { createTypeSums, elementCountOf, type Inspection } from './inspection.ts';

/** Bits of an element, by the names of the format. */
const elementBits: Readonly<Record<string, number>> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
};

/** A length, a JSON object of that length, the tensors' bytes (https://github.com/huggingface/safetensors). Pure. */
export function inspectSafetensors(source: ByteSource): Inspection {
  const headerBytes = countOf(source.view(0, 8).getBigUint64(0, true), 'the length of its header');
  if (headerBytes > mostPieceBytes) throw new Malformed(`its header claims ${headerBytes} bytes`);
  const text = textAt(source, 8, headerBytes);
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw new Malformed('its header is no JSON');
  }
  if (!isRecord(header)) throw new Malformed('its header is no object');
  const entries = Object.entries(header);
  if (entries.length > mostEntries) throw new Malformed(`it claims ${entries.length} tensors`);
  const dataBytes = source.byteCount - 8 - headerBytes;
  const sums = createTypeSums();
  for (const [name, value] of entries) {
    if (name === '__metadata__') continue;
    const { type, shape, from, to } = readTensor(name, value);
    if (from > to || to > dataBytes) {
      throw new Malformed(
        `it is cut off: ${name.slice(0, 64)} ends at byte ${to} of ${dataBytes} bytes of data`,
      );
    }
    const elementCount = elementCountOf(shape, name);
    const bits = elementBits[type];
    if (bits !== undefined && Math.ceil((elementCount * bits) / 8) !== to - from) {
      throw new Malformed(`${name.slice(0, 64)} has ${to - from} bytes and its shape needs another number`);
    }
    sums.add(type, elementCount, to - from);
  }
  const metadata = isRecord(header['__metadata__']) ? header['__metadata__'] : {};
  const metadataText = (key: string): string | null =>
    typeof metadata[key] === 'string' ? metadata[key] : null;
  return {
    kind: 'safetensors',
    architecture: metadataText('modelspec.architecture'),
    name: metadataText('modelspec.title'),
    producer: null,
    version: null,
    parameterCount: sums.parameterCount(),
    types: sums.types(),
    details: metadataText('format') === null ? {} : { framework: metadataText('format') ?? '' },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface TensorEntry {
  readonly type: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

function readTensor(name: string, value: unknown): TensorEntry {
  const wrong = (): Malformed =>
    new Malformed(`what it says of ${name.slice(0, 64)} is not a dtype, shape and data_offsets`);
  if (!isRecord(value)) throw wrong();
  const { dtype, shape, data_offsets: offsets } = value;
  const isWhole = (one: unknown): one is number =>
    typeof one === 'number' && Number.isSafeInteger(one) && one >= 0;
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !shape.every(isWhole)) throw wrong();
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isWhole)) throw wrong();
  return { type: dtype, shape, from: offsets[0] ?? 0, to: offsets[1] ?? 0 };
}
