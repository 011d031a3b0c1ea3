/** Types of the KV cache. `f16` loses nothing; the others are ggml's blocks of 32 numbers with one scale. */
export const kvTypes = ['f16', 'q8_0', 'q4_0'] as const;
export type KvType = (typeof kvTypes)[number];

/** Numbers of one quantized block: a head's length must be a multiple of it. */
export const kvBlockLength = 32;

/** Bytes of `kvBlockLength` numbers: 2 each in f16; in q8_0 and q4_0 an f16 scale and 1 or half a byte each. */
const blockBytes: Readonly<Record<KvType, number>> = { f16: 64, q8_0: 34, q4_0: 18 };

/** What a cache of this type takes of the memory that f16 would: 1, 0.53 or 0.28. */
export function kvShareOfF16(type: KvType): number {
  return blockBytes[type] / blockBytes.f16;
}
