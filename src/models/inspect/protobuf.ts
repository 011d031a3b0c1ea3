import { countOf, Malformed, mostEntries, type ByteSource } from './byte-source.ts';

/** One field of a message: where its value lies, or the value where it is a number. */
export interface ProtobufField {
  readonly field: number;
  /** Of wire types 0, 1 and 5. */
  readonly value: bigint;
  /** Of wire type 2: bytes, text or a message. */
  readonly from: number;
  readonly to: number;
  readonly isBytes: boolean;
}

interface Varint {
  readonly value: bigint;
  readonly end: number;
}

function varintAt(source: ByteSource, at: number, to: number): Varint {
  let value = 0n;
  for (let index = 0; index < 10; index++) {
    if (at + index >= to) throw new Malformed('a number in it is cut off');
    const byte = source.view(at + index, 1).getUint8(0);
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: at + index + 1 };
  }
  throw new Malformed('a number in it is too long');
}

/**
 * The fields of a message in order, read one after another; values of other types are passed over by their length, so that
 * weights are never read. (https://protobuf.dev/programming-guides/encoding/)
 * @throws Malformed
 */
export function* fieldsOf(source: ByteSource, from: number, to: number): Generator<ProtobufField> {
  let at = from;
  for (let count = 0; at < to; count++) {
    if (count > mostEntries) throw new Malformed('it has too many fields');
    const tag = varintAt(source, at, to);
    const field = Number(tag.value >> 3n);
    if (field < 1 || field > 536_870_911) throw new Malformed('a field of it has no number');
    at = tag.end;
    const none = { field, value: 0n, from: 0, to: 0, isBytes: false };
    switch (Number(tag.value & 7n)) {
      case 0: {
        const { value, end } = varintAt(source, at, to);
        at = end;
        yield { ...none, value };
        break;
      }
      case 1:
      case 5: {
        const length = Number(tag.value & 7n) === 1 ? 8 : 4;
        if (at + length > to) throw new Malformed('a number in it is cut off');
        const view = source.view(at, length);
        at += length;
        yield { ...none, value: length === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true)) };
        break;
      }
      case 2: {
        const length = varintAt(source, at, to);
        const end = length.end + countOf(length.value, 'a length in it');
        if (end > to) throw new Malformed(`it is cut off: a field ends at byte ${end} of ${to}`);
        at = end;
        yield { ...none, from: length.end, to: end, isBytes: true };
        break;
      }
      default:
        throw new Malformed('a field of it has no type that there is');
    }
  }
}

/** Repeated whole numbers, packed or one by one. */
export function wholeNumbersOf(source: ByteSource, field: ProtobufField): readonly number[] {
  if (!field.isBytes) return [signed(field.value)];
  const numbers: number[] = [];
  let at = field.from;
  while (at < field.to) {
    if (numbers.length > 64) throw new Malformed('a shape in it has too many dimensions');
    const { value, end } = varintAt(source, at, field.to);
    numbers.push(signed(value));
    at = end;
  }
  return numbers;
}

function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}
