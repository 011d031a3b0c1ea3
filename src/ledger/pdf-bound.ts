import { inflateSync } from 'node:zlib';

/** What a PDF may hold, before anybody has rendered it. */
export interface PdfBound {
  /** Bytes of the file and of all that is compressed in it. */
  readonly byteCount: number;
  readonly pageCount: number;
}

/** Larger ones are not unpacked here: that would hold up everybody else. */
const longestFile = 16 * 1024 * 1024;
const mostInflated = 64 * 1024 * 1024;
/** One that says more of itself is none that anybody sends. */
const mostStreams = 20_000;

/**
 * Pure: how much a PDF holds at most. Its text is mostly compressed, so its length says nothing: a page of one
 * letter repeated takes a thousandth of what it says. Null where that cannot be told: it is encrypted, packed in another
 * way, damaged, or larger than what is unpacked here.
 */
export function pdfBound(bytes: Uint8Array): PdfBound | null {
  if (bytes.byteLength > longestFile) return null;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!file.subarray(0, 5).equals(Buffer.from('%PDF-')) || file.includes('/Encrypt')) return null;
  let byteCount = file.byteLength;
  let pageCount = pagesIn(file.toString('latin1'));
  let streamCount = 0;
  for (let at = file.indexOf('stream'); at >= 0; at = file.indexOf('stream', at)) {
    if (file.subarray(at - 3, at).equals(Buffer.from('end'))) {
      at += 6;
      continue;
    }
    streamCount += 1;
    if (streamCount > mostStreams) return null;
    // The dictionary before it says how it is packed.
    const head = file.subarray(Math.max(0, at - 4096), at).toString('latin1');
    const dictionary = head.slice(head.lastIndexOf('obj') + 3);
    const end = file.indexOf('endstream', at);
    if (end < 0) return null;
    const data = file.subarray(afterLine(file, at + 6), end);
    at = end + 9;
    const filters = filtersOf(dictionary);
    // Pictures are counted with their page.
    if (filters.every((filter) => pictures.has(filter))) continue;
    if (filters.some((filter) => filter !== 'FlateDecode' && filter !== 'Fl')) return null;
    let inflated: Uint8Array = data;
    for (let round = 0; round < filters.length; round += 1) {
      const unpacked = unpack(inflated, mostInflated - byteCount);
      if (unpacked === null) return null;
      inflated = unpacked;
    }
    byteCount += inflated.byteLength;
    if (byteCount > mostInflated) return null;
    // Newer files keep the objects of their pages packed too.
    if (dictionary.includes('/ObjStm')) pageCount += pagesIn(Buffer.from(inflated).toString('latin1'));
  }
  return { byteCount, pageCount: Math.max(1, pageCount) };
}

const pictures: ReadonlySet<string> = new Set([
  'DCTDecode',
  'DCT',
  'JPXDecode',
  'CCITTFaxDecode',
  'CCF',
  'JBIG2Decode',
]);

function filtersOf(dictionary: string): readonly string[] {
  const stated = /\/Filter\s*(\[[^\]]*\]|\/\w+)/.exec(dictionary)?.[1] ?? '';
  return [...stated.matchAll(/\/(\w+)/g)].map(([, name = '']) => name);
}

function pagesIn(text: string): number {
  return text.match(/\/Type\s*\/Page(?!s|\w)/g)?.length ?? 0;
}

function afterLine(file: Buffer, at: number): number {
  if (file[at] === 0x0d && file[at + 1] === 0x0a) return at + 2;
  return file[at] === 0x0a || file[at] === 0x0d ? at + 1 : at;
}

/** Null where it is damaged, or longer than `limit`. */
function unpack(data: Uint8Array, limit: number): Uint8Array | null {
  try {
    return inflateSync(data, { maxOutputLength: Math.max(1, limit) });
  } catch {
    return null;
  }
}
