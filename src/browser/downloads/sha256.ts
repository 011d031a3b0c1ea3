/**
 * SHA-256 of bytes that come in pieces (FIPS 180-4). The browser's own digest wants all of them at once, and a model is
 * larger than a page's memory should hold.
 */
export class Sha256 {
  readonly #state = new Int32Array(initialState);
  readonly #block = new Uint8Array(64);
  readonly #schedule = new Int32Array(64);
  #blockLength = 0;
  #byteCount = 0;

  /** How many bytes it has read. */
  get byteCount(): number {
    return this.#byteCount;
  }

  update(bytes: Uint8Array): this {
    this.#byteCount += bytes.length;
    let at = 0;
    if (this.#blockLength > 0) {
      const taken = Math.min(64 - this.#blockLength, bytes.length);
      this.#block.set(bytes.subarray(0, taken), this.#blockLength);
      this.#blockLength += taken;
      at = taken;
      if (this.#blockLength < 64) return this;
      this.#compress(this.#block, 0);
      this.#blockLength = 0;
    }
    for (; at + 64 <= bytes.length; at += 64) this.#compress(bytes, at);
    this.#block.set(bytes.subarray(at));
    this.#blockLength = bytes.length - at;
    return this;
  }

  /** The digest, lower-case hex. Nothing can be added after it. */
  digest(): string {
    const bitCount = this.#byteCount * 8;
    const block = this.#block;
    block[this.#blockLength] = 0x80;
    block.fill(0, this.#blockLength + 1);
    if (this.#blockLength >= 56) {
      this.#compress(block, 0);
      block.fill(0);
    }
    const view = new DataView(block.buffer);
    view.setUint32(56, Math.floor(bitCount / 2 ** 32));
    view.setUint32(60, bitCount >>> 0);
    this.#compress(block, 0);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #compress(bytes: Uint8Array, offset: number): void {
    const w = this.#schedule;
    for (let i = 0; i < 16; i++) {
      const at = offset + i * 4;
      w[i] =
        ((bytes[at] ?? 0) << 24) |
        ((bytes[at + 1] ?? 0) << 16) |
        ((bytes[at + 2] ?? 0) << 8) |
        (bytes[at + 3] ?? 0);
    }
    for (let i = 16; i < 64; i++) {
      const early = w[i - 15] ?? 0;
      const late = w[i - 2] ?? 0;
      const sigma0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3);
      const sigma1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10);
      w[i] = ((w[i - 16] ?? 0) + sigma0 + (w[i - 7] ?? 0) + sigma1) | 0;
    }
    const state = this.#state;
    let a = state[0] ?? 0;
    let b = state[1] ?? 0;
    let c = state[2] ?? 0;
    let d = state[3] ?? 0;
    let e = state[4] ?? 0;
    let f = state[5] ?? 0;
    let g = state[6] ?? 0;
    let h = state[7] ?? 0;
    for (let i = 0; i < 64; i++) {
      const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + sum1 + ((e & f) ^ (~e & g)) + (constants[i] ?? 0) + (w[i] ?? 0)) | 0;
      const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] = ((state[0] ?? 0) + a) | 0;
    state[1] = ((state[1] ?? 0) + b) | 0;
    state[2] = ((state[2] ?? 0) + c) | 0;
    state[3] = ((state[3] ?? 0) + d) | 0;
    state[4] = ((state[4] ?? 0) + e) | 0;
    state[5] = ((state[5] ?? 0) + f) | 0;
    state[6] = ((state[6] ?? 0) + g) | 0;
    state[7] = ((state[7] ?? 0) + h) | 0;
  }
}

/** The first 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
function rootBits(prime: number, root: 2 | 3): number {
  // A double holds the fraction of a cube root of a small number to more than the 32 bits that are wanted.
  const value = root === 2 ? Math.sqrt(prime) : Math.cbrt(prime);
  return Math.floor((value - Math.floor(value)) * 2 ** 32) | 0;
}

function firstPrimes(count: number): readonly number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  return primes;
}

const primes = firstPrimes(64);
const constants = Int32Array.from(primes, (prime) => rootBits(prime, 3));
const initialState = Int32Array.from(primes.slice(0, 8), (prime) => rootBits(prime, 2));

/** Of a text, as UTF-8. */
export function sha256OfText(text: string): string {
  return new Sha256().update(new TextEncoder().encode(text)).digest();
}
