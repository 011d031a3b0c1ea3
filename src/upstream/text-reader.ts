/** UTF-8 in chunks that may be cut anywhere -> text. */
export interface TextReader {
  push(chunk: Uint8Array): string;
  /** What a cut character at the end stands for. */
  end(): string;
}

/**
 * Nearly every chunk of a stream ends in a line break, which no character is cut by: such a one needs no decoder, and a
 * decoder costs more to make than a stream's texts to read.
 * @param keepsMark whether a byte order mark at the start is text too
 */
export function createTextReader(keepsMark = false): TextReader {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  let isWhole = true;
  let isFirst = true;

  const withoutMark = (text: string): string => {
    if (!isFirst || text === '') return text;
    isFirst = false;
    return !keepsMark && text.startsWith('\uFEFF') ? text.slice(1) : text;
  };
  return {
    push(chunk) {
      const last = chunk.at(-1);
      if (last === undefined) return '';
      const endsWhole = last < 0x80;
      if (isWhole && endsWhole) return withoutMark(utf8(chunk));
      decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
      isWhole = endsWhole;
      return withoutMark(decoder.decode(chunk, { stream: true }));
    },
    end: () => withoutMark(isWhole || decoder === null ? '' : decoder.decode()),
  };
}

function utf8(chunk: Uint8Array): string {
  return asBuffer(chunk).toString('utf8');
}

/** The same bytes; what comes from a socket is one already. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
