import { allocate } from './bindings.ts';
import type { Batch } from './bindings.ts';

/** Native arrays of one llama_batch, allocated once: a token belongs to one sequence. */
export interface NativeBatch {
  readonly capacity: number;
  readonly tokens: Int32Array;
  readonly positions: Int32Array;
  readonly sequences: Int32Array;
  /** 1 where the row's logits are wanted. */
  readonly outputs: Int8Array;
  /** What `llama_decode` takes; set `n_tokens` before the call. */
  readonly struct: Batch;
  /** The views must not be used after this. */
  free(): void;
}

const pointerBytes = 8;

/** @param capacity most tokens in one batch */
export function createBatch(capacity: number): NativeBatch {
  // One block: pointers first, so that each array starts where its type may.
  const wordBytes = 4 * capacity;
  const offsets = {
    sequencePointers: 0,
    tokens: pointerBytes * capacity,
    positions: pointerBytes * capacity + wordBytes,
    counts: pointerBytes * capacity + 2 * wordBytes,
    sequences: pointerBytes * capacity + 3 * wordBytes,
    outputs: pointerBytes * capacity + 4 * wordBytes,
  };
  const memory = allocate(offsets.outputs + capacity);
  const words = (offset: number): Int32Array => new Int32Array(memory.buffer, offset, capacity);
  const addressOf = (offset: number): bigint => memory.address + BigInt(offset);

  words(offsets.counts).fill(1);
  const pointers = new BigUint64Array(memory.buffer, offsets.sequencePointers, capacity);
  for (let row = 0; row < capacity; row++) pointers[row] = addressOf(offsets.sequences + 4 * row);

  return {
    capacity,
    tokens: words(offsets.tokens),
    positions: words(offsets.positions),
    sequences: words(offsets.sequences),
    outputs: new Int8Array(memory.buffer, offsets.outputs, capacity),
    struct: {
      n_tokens: 0,
      token: addressOf(offsets.tokens),
      embd: null,
      pos: addressOf(offsets.positions),
      n_seq_id: addressOf(offsets.counts),
      seq_id: addressOf(offsets.sequencePointers),
      logits: addressOf(offsets.outputs),
    },
    free: () => {
      memory.free();
    },
  };
}
