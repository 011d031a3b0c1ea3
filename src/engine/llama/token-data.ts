import { allocate, tokenDataLayout, type Pointer } from './bindings.ts';

/** A native llama_token_data_array: tokens and their logits, as libllama's samplers take them. */
export interface TokenData {
  /** Fills it with these tokens at logit 0; returns the address for `llama_sampler_apply`. */
  fill(ids: Int32Array, count: number): Pointer;
  /** True where the sampler left the entry's token in. */
  isKept(index: number): boolean;
  free(): void;
}

/** @param capacity most tokens at once */
export function createTokenData(capacity: number): TokenData {
  const { entryBytes, arrayBytes, id, logit, data, size, selected, sorted } = tokenDataLayout;
  const memory = allocate(arrayBytes + capacity * entryBytes);
  const header = new DataView(memory.buffer, 0, arrayBytes);
  const stride = entryBytes / 4;
  const ids = new Int32Array(memory.buffer, arrayBytes + id);
  const logits = new Float32Array(memory.buffer, arrayBytes + logit);
  const entries = memory.address + BigInt(arrayBytes);

  return {
    fill(tokens, count) {
      // Samplers may change all of these.
      header.setBigUint64(data, entries, true);
      header.setBigUint64(size, BigInt(count), true);
      header.setBigInt64(selected, -1n, true);
      header.setUint8(sorted, 0);
      for (let index = 0; index < count; index++) {
        ids[index * stride] = tokens[index] as number;
        logits[index * stride] = 0;
      }
      return memory.address;
    },
    isKept: (index) => logits[index * stride] === 0,
    free: () => {
      memory.free();
    },
  };
}
