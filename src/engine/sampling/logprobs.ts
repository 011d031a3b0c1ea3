import { depthLimit, weightOfDepth } from './depth.ts';
import { selectTopK } from './top-k.ts';
import { sharedWorkspace } from './workspace.ts';

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
  const { ids, depths: values } = sharedWorkspace(logits.length);
  const count = selectTopK(logits, Math.max(1, topCount), ids, values);
  const likeliest = [...ids.subarray(0, count)].sort(
    (left, right) => (logits[right] as number) - (logits[left] as number) || left - right,
  );
  const max = logits[likeliest[0] ?? token] as number;
  const lowest = max - depthLimit;
  let total = 0;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (logit > lowest) total += weightOfDepth(max - logit);
  }
  const logTotal = max + Math.log(total);
  const entry = (id: number): LogprobOfToken => ({ token: id, logprob: (logits[id] as number) - logTotal });
  return { ...entry(token), top: likeliest.slice(0, topCount).map(entry) };
}
