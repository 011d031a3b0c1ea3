import { NearfarError } from '../../chat/error.ts';

function brokenLogits(what: string): NearfarError {
  return new NearfarError('internal', `The model produced ${what} among its logits.`);
}

/**
 * Index of the largest logit; of equal ones the lowest index.
 * `!(x <= best)` is true for a larger number and for NaN alike, so that the check for NaN costs nothing where
 * there is none.
 * @throws NearfarError `internal` on NaN, on +Infinity and where no logit is finite
 */
export function argmax(logits: Float32Array): number {
  const end = logits.length;
  const unrolledEnd = end - (end % 4);
  let best = -Infinity;
  let bestIndex = -1;
  let index = 0;
  for (; index < unrolledEnd; index += 4) {
    const a = logits[index] as number;
    const b = logits[index + 1] as number;
    const c = logits[index + 2] as number;
    const d = logits[index + 3] as number;
    if (!(a <= best)) {
      if (Number.isNaN(a)) throw brokenLogits('NaN');
      best = a;
      bestIndex = index;
    }
    if (!(b <= best)) {
      if (Number.isNaN(b)) throw brokenLogits('NaN');
      best = b;
      bestIndex = index + 1;
    }
    if (!(c <= best)) {
      if (Number.isNaN(c)) throw brokenLogits('NaN');
      best = c;
      bestIndex = index + 2;
    }
    if (!(d <= best)) {
      if (Number.isNaN(d)) throw brokenLogits('NaN');
      best = d;
      bestIndex = index + 3;
    }
  }
  for (; index < end; index += 1) {
    const last = logits[index] as number;
    if (!(last <= best)) {
      if (Number.isNaN(last)) throw brokenLogits('NaN');
      best = last;
      bestIndex = index;
    }
  }
  if (bestIndex === -1) throw brokenLogits('no finite number');
  if (best === Infinity) throw brokenLogits('Infinity');
  return bestIndex;
}
