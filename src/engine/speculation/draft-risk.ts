import type { DraftCandidate } from './draft-lengths.ts';

/**
 * Plain steps that a step with drafts is expected to lose, over the outcomes in which it loses any: a sequence gets
 * 1 + k tokens for the time of `costSteps` plain steps, where k of its drafted tokens are right. The mean over all
 * sequences, since all of them wait. At least 0.
 *
 * @param costSteps drafting and step over the step without drafts, both in milliseconds
 */
export function expectedShortfall(
  candidates: readonly DraftCandidate[],
  lengths: readonly number[],
  costSteps: number,
): number {
  const count = candidates.length;
  /** By number of accepted tokens, over all sequences so far. */
  let chances = [1];
  candidates.forEach(({ rates }, index) => {
    const length = lengths[index] ?? 0;
    if (length === 0) return;
    const own = acceptedChances(rates.slice(0, length));
    const joined = new Array<number>(chances.length + length).fill(0);
    chances.forEach((chance, accepted) => {
      own.forEach((ownChance, more) => {
        joined[accepted + more] = (joined[accepted + more] as number) + chance * ownChance;
      });
    });
    chances = joined;
  });
  return chances.reduce(
    (sum, chance, accepted) => sum + chance * Math.max(0, costSteps - 1 - accepted / count),
    0,
  );
}

/** The chance of each number of accepted tokens, 0 .. rates.length, where `rates` hold if all before were right. */
function acceptedChances(rates: readonly number[]): number[] {
  let reached = 1;
  const chances = rates.map((rate) => {
    const ends = reached * (1 - rate);
    reached *= rate;
    return ends;
  });
  return [...chances, reached];
}
