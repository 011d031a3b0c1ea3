/**
 * Finds the `limit` largest logits, of equal ones those with the lowest ids, in one pass over a heap whose root is
 * the worst that was kept: most tokens fail one comparison. Tokens at -Infinity are never kept.
 * @param ids receives the tokens in no particular order
 * @param values receives their logits
 * @returns how many were found
 */
export function selectTopK(
  logits: Float32Array,
  limit: number,
  ids: Int32Array,
  values: Float64Array,
): number {
  let count = 0;
  let id = 0;
  for (; id < logits.length && count < limit; id += 1) {
    const logit = logits[id] as number;
    if (logit === -Infinity) continue;
    // Of equal logits the later one is the worse and belongs nearer to the root.
    let slot = count;
    count += 1;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if ((values[parent] as number) < logit) break;
      values[slot] = values[parent] as number;
      ids[slot] = ids[parent] as number;
      slot = parent;
    }
    values[slot] = logit;
    ids[slot] = id;
  }
  if (count < limit || count === 0) return count;

  let worst = values[0] as number;
  for (; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (logit <= worst) continue;
    replaceRoot(ids, values, count, id, logit);
    worst = values[0] as number;
  }
  return count;
}

function replaceRoot(ids: Int32Array, values: Float64Array, count: number, id: number, logit: number): void {
  let slot = 0;
  for (;;) {
    let child = 2 * slot + 1;
    if (child >= count) break;
    const sibling = child + 1;
    if (sibling < count) {
      const difference = (values[sibling] as number) - (values[child] as number);
      if (difference < 0 || (difference === 0 && (ids[sibling] as number) > (ids[child] as number)))
        child = sibling;
    }
    if ((values[child] as number) >= logit) break;
    values[slot] = values[child] as number;
    ids[slot] = ids[child] as number;
    slot = child;
  }
  values[slot] = logit;
  ids[slot] = id;
}
