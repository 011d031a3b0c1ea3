/**
 * A model's view of one next token, as llama-perplexity keeps it (`--kl-divergence-base`): logarithms of probabilities from
 * the highest to 16 nats below it in 65,535 steps. Element 0 and 1 of a row are the floats scale and least logarithm, then one
 * 16-bit number a word.
 */
const headerLength = 4;
const keptNats = 16;

/** 16-bit numbers of one row. */
export function rowLength(vocabTokenCount: number): number {
  return 2 * Math.floor((vocabTokenCount + 1) / 2) + headerLength;
}

/** ln of the sum of exp, and the highest; what lies 60 nats below adds nothing to a double. */
function normalizerOf(logits: Float32Array): {
  readonly highest: number;
  readonly logSum: number;
  readonly top: number;
} {
  let highest = -Infinity;
  let top = 0;
  for (let index = 0; index < logits.length; index++) {
    const value = logits[index] ?? 0;
    if (value > highest) {
      highest = value;
      top = index;
    }
  }
  let sum = 0;
  for (let index = 0; index < logits.length; index++) {
    const difference = (logits[index] ?? 0) - highest;
    if (difference > -60) sum += Math.exp(difference);
  }
  return { highest, logSum: Math.log(sum), top };
}

/**
 * Writes a row of the base model.
 * @param row `rowLength` numbers, over memory aligned to 4 bytes
 * @returns -ln p of the token that comes next
 */
export function encodeRow(logits: Float32Array, token: number, row: Uint16Array): number {
  const { highest, logSum } = normalizerOf(logits);
  let lowest = Infinity;
  for (let index = 0; index < logits.length; index++) lowest = Math.min(lowest, logits[index] ?? 0);
  lowest = Math.max(lowest, highest - keptNats);
  const scale = Math.fround((highest - lowest) / 65_535);
  const floats = new Float32Array(row.buffer, row.byteOffset, 2);
  floats[0] = scale;
  floats[1] = lowest - highest - logSum;
  const inverse = scale > 0 ? 1 / scale : 0;
  for (let index = 0; index < logits.length; index++) {
    const above = (logits[index] ?? 0) - lowest;
    row[headerLength + index] = above > 0 ? Math.min(65_535, Math.round(inverse * above)) : 0;
  }
  return highest + logSum - (logits[token] ?? -Infinity);
}

export interface RowComparison {
  /** -ln p of the next token, by this model and by the base. */
  readonly nats: number;
  readonly baseNats: number;
  /** Kullback-Leibler divergence of this model from the base, in nats. */
  readonly divergence: number;
  /** Both hold the same token for the likeliest. */
  readonly isSameTop: boolean;
}

/** Compares a model with the base at one token, word by word as llama-perplexity does. Pure. */
export function compareRow(logits: Float32Array, row: Uint16Array, token: number): RowComparison {
  const { highest, logSum, top } = normalizerOf(logits);
  const normalizer = highest + logSum;
  const [scale = 0, least = 0] = new Float32Array(row.buffer, row.byteOffset, 2);
  let divergence = 0;
  let baseTop = 0;
  let baseHighest = -Infinity;
  for (let index = 0; index < logits.length; index++) {
    const base = scale * (row[headerLength + index] ?? 0) + least;
    if (base > baseHighest) {
      baseHighest = base;
      baseTop = index;
    }
    if (base > -keptNats) divergence += Math.exp(base) * (base - (logits[index] ?? 0) + normalizer);
  }
  return {
    nats: normalizer - (logits[token] ?? -Infinity),
    baseNats: -(scale * (row[headerLength + token] ?? 0) + least),
    divergence,
    isSameTop: top === baseTop,
  };
}
