/**
 * SHA-256 (FIPS 180-4), at once and without Node: pages have it only as a promise. For short texts; where Node is, its own is
 * much faster.
 */
export function sha256(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const blockCount = (data.length + 9 + 63) >> 6;
  const padded = new Uint8Array(blockCount * 64);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(data.length / 0x2000_0000));
  view.setUint32(padded.length - 4, data.length << 3);
  const state = Uint32Array.from(initial);
  const words = new Uint32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let index = 0; index < 16; index++) words[index] = view.getUint32(block + index * 4);
    for (let index = 16; index < 64; index++) {
      const early = at(words, index - 15);
      const late = at(words, index - 2);
      const one = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
      const other = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
      words[index] = at(words, index - 16) + one + at(words, index - 7) + other;
    }
    compress(state, words);
  }
  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  state.forEach((value, index) => {
    out.setUint32(index * 4, value);
  });
  return digest;
}

function compress(state: Uint32Array, words: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let index = 0; index < 64; index++) {
    const choice = (e & f) ^ (~e & g);
    const upper =
      (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + h + at(rounds, index) + at(words, index);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const lower = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority;
    h = g;
    g = f;
    f = e;
    e = (d + upper) | 0;
    d = c;
    c = b;
    b = a;
    a = (upper + lower) | 0;
  }
  for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) state[index] = at(state, index) + value;
}

const turn = (value: number, count: number): number => (value >>> count) | (value << (32 - count));
const at = (list: Uint32Array, index: number): number => list[index] ?? 0;

/** The first 32 bits of the fractional parts of the roots of the first primes: square ones of 8, cubic ones of 64. */
const primes: number[] = [];
for (let candidate = 2; primes.length < 64; candidate++) {
  if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
}
const fraction = (value: number): number => Math.floor((value - Math.floor(value)) * 2 ** 32);
const initial = Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const rounds = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
