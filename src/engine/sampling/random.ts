import { randomFillSync } from 'node:crypto';

/** A stream of numbers in [0, 1) with 53 random bits each. */
export type Random = () => number;

/** One step of splitmix32, which turns any 32-bit seed into well-mixed state words. */
function splitmix32(state: number): () => number {
  let word = state | 0;
  return () => {
    word = (word + 0x9e3779b9) | 0;
    let mixed = word ^ (word >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) | 0;
  };
}

/**
 * xoshiro128** 1.1 (Blackman and Vigna 2018): the same seed gives the same numbers on every machine.
 * @param seed any safe integer, negative too; `null` takes 128 bits from the system and cannot be repeated
 */
export function createRandom(seed: number | null): Random {
  const state = new Int32Array(4);
  if (seed === null) {
    randomFillSync(state);
  } else {
    const low = splitmix32(seed % 0x1_0000_0000);
    const high = splitmix32(Math.floor(seed / 0x1_0000_0000) ^ 0x5bf03635);
    state.set([low(), high(), low(), high()]);
  }
  // All zeros is the generator's one fixed point.
  if (state.every((word) => word === 0)) state[0] = 1;
  let [a, b, c, d] = state as unknown as [number, number, number, number];

  function next32(): number {
    const scaled = Math.imul(b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  }

  return () => (next32() * 0x20_0000 + (next32() >>> 11)) / 0x20_0000_0000_0000;
}
