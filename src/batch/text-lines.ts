/** A line of a file, without its end. */
export interface TextLine {
  /** Counted from 1. */
  readonly lineNumber: number;
  /** `null`: its bytes are no UTF-8. */
  readonly text: string | null;
  /** Where it begins, in bytes. */
  readonly offset: number;
  /** False only of a last line without a line feed. */
  readonly isWhole: boolean;
}

/** The lines of a file; a mark of UTF-8 at its beginning and carriage returns are left out. */
export function* textLines(bytes: Uint8Array): Generator<TextLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (from: number, to: number): string | null => {
    try {
      return decoder.decode(bytes.subarray(from, to)).replace(/\r$/, '');
    } catch {
      return null;
    }
  };
  let lineNumber = 0;
  for (let offset = 0; offset < bytes.length;) {
    const end = bytes.indexOf(lineFeed, offset);
    const to = end === -1 ? bytes.length : end;
    lineNumber++;
    yield { lineNumber, text: decode(offset, to), offset, isWhole: end !== -1 };
    offset = to + 1;
  }
}

const lineFeed = 0x0a;
