export interface Detokenizer {
  /** Takes a token; returns the characters that are whole by now, perhaps none. */
  push(token: number): string;
  /** True while bytes of an unfinished character are kept back. */
  hasPending(): boolean;
  /** What was kept back, as U+FFFD. Starts anew. */
  flush(): string;
}

/**
 * Tokens to text at UTF-8 borders: a character split over several tokens comes out once, whole. Bytes that can
 * never become a character come out as U+FFFD, as the WHATWG decoder does it.
 * @param pieceOf a token's raw bytes
 */
export function createDetokenizer(pieceOf: (token: number) => Uint8Array): Detokenizer {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const state = new Utf8State();

  return {
    push(token) {
      const bytes = pieceOf(token);
      if (!state.isPending) {
        const plain = asciiText(bytes);
        if (plain !== null) return plain;
      }
      state.take(bytes);
      return decoder.decode(bytes, { stream: true });
    },
    hasPending: () => state.isPending,
    flush() {
      state.reset();
      return decoder.decode();
    },
  };
}

/** Most pieces are a few ASCII letters, for which a call into the decoder costs more than this loop. */
function asciiText(bytes: Uint8Array): string | null {
  if (bytes.length > 16) return null;
  let text = '';
  for (const byte of bytes) {
    if (byte >= 0x80) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Follows the WHATWG UTF-8 decoder's state: how many bytes the character under way still needs. */
class Utf8State {
  #needed = 0;
  #lower = 0x80;
  #upper = 0xbf;

  get isPending(): boolean {
    return this.#needed > 0;
  }

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#needed > 0 && byte >= this.#lower && byte <= this.#upper) {
        this.#needed -= 1;
        this.#lower = 0x80;
        this.#upper = 0xbf;
      } else {
        this.#begin(byte);
      }
    }
  }

  reset(): void {
    this.#begin(0);
  }

  #begin(byte: number): void {
    this.#lower = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.#upper = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    if (byte >= 0xc2 && byte <= 0xdf) this.#needed = 1;
    else if (byte >= 0xe0 && byte <= 0xef) this.#needed = 2;
    else if (byte >= 0xf0 && byte <= 0xf4) this.#needed = 3;
    else this.#needed = 0;
  }
}
