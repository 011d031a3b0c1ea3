/** One curve of a two-model router: how good it is for each share of calls that goes to the strong model. */
export interface RouterCurve {
  /** 0-1, rising. */
  readonly strongShares: readonly number[];
  /** Mean score at that share. */
  readonly qualities: readonly number[];
}

/**
 * Every distinct score is a threshold; prompts with the same score go together, which is what a random order among them gives on
 * average.
 * @param scores higher = to the strong model; finite
 */
export function routerCurve(
  scores: ArrayLike<number>,
  strong: ArrayLike<number>,
  weak: ArrayLike<number>,
): RouterCurve {
  const promptCount = scores.length;
  const order = Uint32Array.from({ length: promptCount }, (_, index) => index).sort(
    (a, b) => (scores[b] ?? 0) - (scores[a] ?? 0),
  );
  let quality = 0;
  for (let index = 0; index < promptCount; index++) quality += weak[index] ?? 0;
  const strongShares = [0];
  const qualities = [quality / promptCount];
  order.forEach((prompt, rank) => {
    quality += (strong[prompt] ?? 0) - (weak[prompt] ?? 0);
    const next = order[rank + 1];
    if (next !== undefined && scores[next] === scores[prompt]) return;
    strongShares.push((rank + 1) / promptCount);
    qualities.push(quality / promptCount);
  });
  return { strongShares, qualities };
}

/**
 * Average performance gap recovered (Ong et al. 2024, RouteLLM): the area between the router's curve and the weak model, as a
 * share of the gap between the models. 0.5 is a random router's; NaN where the strong model is not the better one.
 */
export function apgr(scores: ArrayLike<number>, strong: ArrayLike<number>, weak: ArrayLike<number>): number {
  const { strongShares, qualities } = routerCurve(scores, strong, weak);
  const first = qualities[0] ?? NaN;
  const gap = (qualities.at(-1) ?? NaN) - first;
  if (!(gap > 0)) return NaN;
  let area = 0;
  for (let index = 1; index < strongShares.length; index++) {
    const width = (strongShares[index] ?? 0) - (strongShares[index - 1] ?? 0);
    area += (width * ((qualities[index] ?? 0) + (qualities[index - 1] ?? 0))) / 2;
  }
  return (area - first) / gap;
}

/**
 * The same number from ranks that were made once: of a resample of prompts it is their mean of `gain * place` over their mean gain,
 * so that thousands of resamples need no sorting. Places are those of the whole list, which a resample's own only differ from by noise.
 * @returns for each prompt 0-1: the share of prompts with a lower score, half of those with the same
 */
export function places(scores: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index).sort(
    (a, b) => (scores[a] ?? 0) - (scores[b] ?? 0),
  );
  const result = new Float64Array(scores.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    const score = scores[order[start] ?? 0];
    while (end < order.length && scores[order[end] ?? 0] === score) end++;
    for (let at = start; at < end; at++) result[order[at] ?? 0] = (start + end) / 2 / order.length;
    start = end;
  }
  return result;
}
