/** What one model is expected to do for a prompt. */
export interface Candidate {
  readonly name: string;
  /** 0-1: how good its answer is expected to be. */
  readonly quality: number;
  /** What it is expected to cost, in the unit of the policy's `worth`. */
  readonly cost: number;
}

/**
 * Pure. The candidate with the most quality left when its cost is taken off; among equals the cheaper one, then the first.
 * @param worth how much quality a unit of cost must bring; 0 = cost does not matter, Infinity = the cheapest
 */
export function chooseModel<Of extends Candidate>(candidates: readonly Of[], worth: number): Of | null {
  let best: Of | null = null;
  for (const candidate of candidates) {
    if (best === null) {
      best = candidate;
      continue;
    }
    // Infinity times no difference is no number.
    const price = candidate.cost === best.cost ? 0 : worth * (candidate.cost - best.cost);
    const gain = candidate.quality - best.quality - price;
    if (gain > 0 || (gain === 0 && candidate.cost < best.cost)) best = candidate;
  }
  return best;
}
