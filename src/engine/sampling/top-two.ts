/** Index of the largest logit, of equal ones the lowest, and how far the next largest lies below it, in nats. */
export function topTwo(logits: Float32Array): { readonly token: number; readonly gap: number } {
  let token = 0;
  let best = logits[0] ?? -Infinity;
  let second = -Infinity;
  for (let index = 1; index < logits.length; index++) {
    const value = logits[index] as number;
    // Rarely taken: one comparison for most of the vocabulary.
    if (value > second) {
      if (value > best) {
        second = best;
        best = value;
        token = index;
      } else second = value;
    }
  }
  return { token, gap: best - second };
}
