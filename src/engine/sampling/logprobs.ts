import { depthLimit, weightOfDepth } from './depth.ts';

export interface LogprobOfToken {
  readonly token: number;
  /** Natural log of its probability. */
  readonly logprob: number;
}

export interface TokenLogprobs extends LogprobOfToken {
  /** The likeliest tokens, best first; equal ones by id. */
  readonly top: readonly LogprobOfToken[];
}

/**
 * Log-softmax of the model's own logits, before any sampling option, for one token and the likeliest ones.
 * @param topCount 0-20
 */
export function tokenLogprobs(logits: Float32Array, token: number, topCount: number): TokenLogprobs {
  let max = -Infinity;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (logit > max) max = logit;
  }
  const lowest = max - depthLimit;
  let total = 0;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (logit > lowest) total += weightOfDepth(max - logit);
  }
  const logTotal = max + Math.log(total);
  const top = likeliest(logits, Math.min(topCount, logits.length)).map((id) => ({
    token: id,
    logprob: (logits[id] as number) - logTotal,
  }));
  return { token, logprob: (logits[token] as number) - logTotal, top };
}

/** Insertion into a short sorted list: most tokens fail the one comparison with its last entry. */
function likeliest(logits: Float32Array, count: number): number[] {
  const best: number[] = [];
  if (count === 0) return best;
  let worst = -Infinity;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (best.length === count && logit <= worst) continue;
    let slot = best.length === count ? count - 1 : best.length;
    while (slot > 0 && (logits[best[slot - 1] as number] as number) < logit) {
      best[slot] = best[slot - 1] as number;
      slot -= 1;
    }
    best[slot] = id;
    worst = logits[best[best.length - 1] as number] as number;
  }
  return best;
}
