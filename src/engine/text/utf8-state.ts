/** Where a stream of UTF-8 stands: 0 between characters, else what the rest of the begun one must be. */
export type Utf8State = number;

/**
 * The state behind some more bytes; `null` where they are no UTF-8 (RFC 3629: no overlong forms, no surrogates).
 * Packed as: bytes to come, then the least and the largest value of the next one.
 */
export function utf8After(state: Utf8State, bytes: Uint8Array): Utf8State | null {
  let toCome = state & 0xff;
  let least = (state >> 8) & 0xff;
  let most = (state >> 16) & 0xff;
  for (const byte of bytes) {
    if (toCome > 0) {
      if (byte < least || byte > most) return null;
      toCome -= 1;
      least = 0x80;
      most = 0xbf;
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return null;
      toCome = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      least = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
      most = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    }
  }
  return toCome === 0 ? 0 : toCome | (least << 8) | (most << 16);
}
