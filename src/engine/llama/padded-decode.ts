import type { DecodeOutcome } from '../decoder.ts';
import { addedRowCount, noPadding, type RowPadding } from '../row-padding.ts';
import type { NativeBatch } from './batch.ts';
import { scratchId } from './sequence-memory.ts';

/** Decodes a batch with rows that are added for nothing, where they make it quicker. */
export interface PaddedDecode {
  setPadding(padding: RowPadding): void;
  /** Of the first `rowCount` rows of the batch, `outputRowCount` of them with logits. */
  decode(rowCount: number, outputRowCount: number): DecodeOutcome;
}

export interface PaddedDecodeOptions {
  readonly batch: NativeBatch;
  /** Rows that a batch takes; 0 = nothing is ever added. */
  readonly rowLimit: number;
  /** Rows with logits that a batch takes. */
  readonly outputCount: number;
  readonly decode: () => DecodeOutcome;
  /** Drops what the sequence of nobody's holds. */
  readonly clear: () => void;
}

export function createPaddedDecode(options: PaddedDecodeOptions): PaddedDecode {
  const { batch, rowLimit, outputCount, decode } = options;
  const { tokens, positions, sequences, outputs, struct } = batch;
  let padding = noPadding;

  function addRows(rowCount: number, addedCount: number, hasLogits: boolean): void {
    for (let index = 0; index < addedCount; index++) {
      const row = rowCount + index;
      tokens[row] = tokens[0] ?? 0;
      positions[row] = index;
      sequences[row] = scratchId;
      // Logits have kernels of the same kind.
      outputs[row] = hasLogits ? 1 : 0;
    }
    struct.n_tokens = rowCount + addedCount;
  }

  return {
    setPadding(chosen) {
      padding = chosen;
    },
    decode(rowCount, outputRowCount) {
      struct.n_tokens = rowCount;
      const addedCount = addedRowCount(padding, rowCount);
      if (addedCount === 0 || rowCount + addedCount > rowLimit) return decode();
      addRows(rowCount, addedCount, outputRowCount === rowCount && rowCount + addedCount <= outputCount);
      const outcome = decode();
      options.clear();
      struct.n_tokens = rowCount;
      // There may be cells for all but these.
      return outcome === 'no_cells' ? decode() : outcome;
    },
  };
}
