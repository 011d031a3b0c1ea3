import { depthLimit, nearDepth, weightOfDepth } from './depth.ts';
import type { Random } from './random.ts';
import type { Workspace } from './workspace.ts';

/**
 * Draws from the softmax of the whole vocabulary. Only near tokens are weighed; the far ones share an envelope of
 * the near border's weight, from which a token is drawn evenly and accepted by its true weight over the envelope's
 * (rejection sampling, von Neumann 1951). The result is exact, and a draw is repeated at most once in eight times.
 * @param top the index of the largest logit
 * @param temperature above 0
 */
export function drawFromAll(
  logits: Float32Array,
  top: number,
  temperature: number,
  random: Random,
  workspace: Workspace,
): number {
  const { ids, weights } = workspace;
  const max = logits[top] as number;
  const scale = 1 / temperature;
  const border = nearDepth(logits.length);
  const lowest = max - border * temperature;
  let count = 0;
  let near = 0;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (logit >= lowest) {
      const weight = weightOfDepth((max - logit) * scale);
      ids[count] = id;
      weights[count] = weight;
      near += weight;
      count += 1;
    }
  }

  const envelope = weightOfDepth(border);
  const far = logits.length * envelope;
  for (;;) {
    const place = random() * (near + far);
    if (place < near) return pick(place, count, top, workspace);
    const id = Math.floor(random() * logits.length);
    const logit = logits[id] as number;
    const depth = (max - logit) * scale;
    if (logit < lowest && depth < depthLimit && random() * envelope < weightOfDepth(depth)) return id;
  }
}

/** Draws from the softmax of the candidates in the workspace, of which there is at least one. */
export function drawFromCandidates(
  count: number,
  temperature: number,
  random: Random,
  workspace: Workspace,
): number {
  const { ids, depths, weights } = workspace;
  // Typical sampling may drop the likeliest token, so depths are taken from the least one left.
  let least = Infinity;
  for (let slot = 0; slot < count; slot += 1) least = Math.min(least, depths[slot] as number);
  const scale = 1 / temperature;
  let total = 0;
  for (let slot = 0; slot < count; slot += 1) {
    const depth = ((depths[slot] as number) - least) * scale;
    const weight = depth < depthLimit ? weightOfDepth(depth) : 0;
    weights[slot] = weight;
    total += weight;
  }
  return pick(random() * total, count, ids[0] as number, workspace);
}

/** The candidate whose share of the summed weights holds `place`. */
function pick(place: number, count: number, fallback: number, workspace: Workspace): number {
  const { ids, weights } = workspace;
  let rest = place;
  let last = fallback;
  for (let slot = 0; slot < count; slot += 1) {
    const weight = weights[slot] as number;
    if (weight === 0) continue;
    last = ids[slot] as number;
    rest -= weight;
    if (rest < 0) return last;
  }
  // Rounding can leave a sliver past the last one.
  return last;
}
