/** Bytes of a text in UTF-8. Pages have no Buffer; where there is one, it is faster. A lone surrogate counts as three. */
export const byteLength: (text: string) => number =
  typeof Buffer === 'undefined' ? countedByteLength : (text) => Buffer.byteLength(text);

export function countedByteLength(text: string): number {
  let count = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return count;
}
