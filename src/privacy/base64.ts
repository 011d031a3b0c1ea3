const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const values = new Uint8Array(128).fill(255);
for (const [value, character] of Array.from(alphabet).entries()) values[character.charCodeAt(0)] = value;
for (const [character, value] of [
  ['+', 62],
  ['-', 62],
  ['/', 63],
  ['_', 63],
] as const)
  values[character.charCodeAt(0)] = value;

/**
 * Bytes of base64 in either alphabet, read up to the first `=`; what is no sign of it is skipped, and bits that make no byte
 * are dropped. Written here because pages have no Buffer, and `atob` refuses what texts hold.
 */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4));
  let count = 0;
  let bits = 0;
  let bitCount = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x3d) break;
    const value = values[code] ?? 255;
    if (value === 255) continue;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    bytes[count++] = bits >> bitCount;
  }
  return bytes.subarray(0, count);
}

const urlAlphabet = `${alphabet}-_`;

/** Without signs that fill the last group. */
export function base64UrlOf(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xffff;
    bitCount += 8;
    while (bitCount >= 6) {
      bitCount -= 6;
      text += urlAlphabet.charAt((bits >> bitCount) & 63);
    }
  }
  return bitCount === 0 ? text : text + urlAlphabet.charAt((bits << (6 - bitCount)) & 63);
}
