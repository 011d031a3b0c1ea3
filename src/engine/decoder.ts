import type { LoadedAdapter } from './adapter.ts';

/**
 * What the step loop needs from a decoder: the seam between the engine, which knows sequences and cells, and
 * `llama/`, which knows C. A fake one drives the engine's tests without weights.
 */
export interface Decoder {
  /** Cells in the KV pool, over all streams where it is split. */
  readonly cellCount: number;
  /** Most tokens one `decode` takes (llama.h n_batch). */
  readonly batchTokenCount: number;
  /** Sequence ids are 0 .. sequenceCount-1. */
  readonly sequenceCount: number;
  readonly vocabTokenCount: number;
  /**
   * `token`: any range of a sequence may be copied or cut. `sequence`: only whole ones (recurrent, hybrid). `none`:
   * sequences share nothing, and only their own ends may be cut (a split pool, for offline work).
   */
  readonly prefixGranularity: PrefixGranularity;

  /** Empties the batch under construction. */
  clearBatch(): void;
  /**
   * Adds one token to the batch. Returns its row in this batch, which `logits` takes if `wantsLogits`.
   * @throws RangeError where llama.h would abort the process: batch full, bad sequence id, position not contiguous.
   */
  addToken(token: number, position: number, sequence: number, wantsLogits: boolean): number;
  /** The LoRA adapter that every token of the next batches is computed with; `null` = none. */
  useAdapter(adapter: LoadedAdapter | null): void;
  /** Runs the batch. `no_cells` leaves everything as before; `failed` means state is unknown: reset or die. */
  decode(): DecodeOutcome;
  /** A view of `vocabTokenCount` floats over native memory, valid until the next `decode`. */
  logits(row: number): Float32Array;

  /** Shares cells [from, to) of one sequence with another; metadata only. `to` -1 = end. */
  copySequence(source: number, destination: number, from: number, to: number): void;
  /** Removes positions [from, to) from a sequence; cells that no other sequence holds become free. */
  removeSequence(sequence: number, from: number, to: number): boolean;
  /** Serialises all cells of a sequence into host memory. */
  saveSequence(sequence: number): Uint8Array;
  /** Writes saved cells into an empty sequence as private cells; false if it does not fit or does not match. */
  restoreSequence(sequence: number, data: Uint8Array): boolean;
  /** Drops every sequence. */
  clearCells(): void;
}

export type PrefixGranularity = 'token' | 'sequence' | 'none';

/** A decoder whose sequences can lose tokens from their middle. */
export interface ShiftingDecoder extends Decoder {
  /** False where the model keeps states in place of cells, or has positions that cannot be moved (M-RoPE, learned). */
  readonly canShift: boolean;
  /**
   * Removes positions [from, to) of a sequence and moves what follows up to `from`. A position belongs to its cell, so
   * the sequence must share none.
   * @throws RangeError where the model cannot, or the range is not held
   */
  discard(sequence: number, from: number, to: number): void;
}

export type DecodeOutcome = 'ok' | 'no_cells' | 'failed';
