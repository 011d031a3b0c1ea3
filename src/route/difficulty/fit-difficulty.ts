import { places } from '../calibration/apgr.ts';
import type { FeatureName, Features } from './features.ts';
import { amountOf, rawDifficulty, type DifficultyWeights } from './weights.ts';

/** The questions of one benchmark and what a strong and a weak model made of them. */
export interface TrainingSet {
  readonly features: readonly Features[];
  /** Of the same questions without answers to choose from, which people rarely send along; what percentiles are of. */
  readonly openFeatures: readonly Features[];
  /** Score of the strong less score of the weak, one for each question. */
  readonly gains: ArrayLike<number>;
}

/** What may count beside length: amounts that a reader has to hold. Written down before anything was fitted. */
export const amountCandidates: readonly FeatureName[] = [
  ...(['sentenceLength', 'commaCount', 'clauseCount', 'conditionCount', 'nesting'] as const),
  ...(['pronounCount', 'statementCount', 'numberCount', 'comparisonCount', 'quantifierCount'] as const),
  ...(['negationCount', 'formulaCount', 'codeCount', 'questionCount', 'reasonCount'] as const),
];
export const amountWeight = 0.5;
/** An amount stays out unless leaving it out costs more than this. */
const tolerance = 0.0005;

/**
 * Equal weights with a veto (Dawes 1979: where labels are few or from elsewhere, equal weights do better than fitted ones). All
 * amounts begin with the same weight; the training sets only say which to leave out, one by one, while that raises how much better
 * than length alone the score orders their questions. No subject, no word and no benchmark is anything that it could learn.
 */
export function fitDifficulty(sets: readonly TrainingSet[]): DifficultyWeights {
  let amounts = amountCandidates;
  let best = merit(sets, amounts);
  for (;;) {
    const shorter = amounts.map((left) => {
      const rest = amounts.filter((name) => name !== left);
      return { rest, merit: merit(sets, rest) };
    });
    const [next] = shorter.sort((a, b) => b.merit - a.merit);
    if (next === undefined || next.merit < best + tolerance) break;
    amounts = next.rest;
    best = next.merit;
  }
  return { version: 2, amounts, amountWeight, percentiles: percentilesOf(sets, amounts) };
}

/** Mean advantage over length among the sets, and once more that of the worst where it is a disadvantage. */
function merit(sets: readonly TrainingSet[], amounts: readonly FeatureName[]): number {
  const advantages = sets.map(
    (set) =>
      recovered(
        set.features.map((one) => amountOf(one, { amounts, amountWeight })),
        set.gains,
      ) -
      recovered(
        set.features.map(({ length }) => length),
        set.gains,
      ),
  );
  const mean = advantages.reduce((sum, one) => sum + one, 0) / advantages.length;
  return mean + Math.min(0, ...advantages);
}

/** The average performance gap recovered, from places (see calibration/apgr.ts). */
function recovered(scores: readonly number[], gains: ArrayLike<number>): number {
  const order = places(scores);
  let weighted = 0;
  let total = 0;
  for (let at = 0; at < order.length; at++) {
    weighted += (order[at] ?? 0) * (gains[at] ?? 0);
    total += gains[at] ?? 0;
  }
  return weighted / total;
}

/** Of all sets together, each counting the same. */
function percentilesOf(sets: readonly TrainingSet[], amounts: readonly FeatureName[]): readonly number[] {
  const scored = sets
    .flatMap(({ openFeatures }) =>
      openFeatures.map((one) => ({
        raw: rawDifficulty(one, { amounts, amountWeight }),
        weight: 1 / openFeatures.length / sets.length,
      })),
    )
    .sort((a, b) => a.raw - b.raw);
  const result: number[] = [];
  let below = 0;
  for (const { raw, weight } of scored) {
    below += weight;
    while (result.length < 99 && below >= (result.length + 1) / 100)
      result.push(Math.max(round(raw), (result.at(-1) ?? -1) + 0.0001));
  }
  while (result.length < 99) result.push((result.at(-1) ?? 0) + 0.0001);
  return result.map(round);
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
