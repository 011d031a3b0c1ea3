import { createRandom } from '../../src/engine/sampling/random.ts';
import { fitProfile } from '../../src/route/calibration/fit-profile.ts';
import { assignFolds } from '../../src/route/calibration/folds.ts';
import {
  bestAtCost,
  cheapestAtQuality,
  type Mixture,
  type Point,
} from '../../src/route/calibration/mixture.ts';
import { renameModels, type Outcome } from '../../src/route/calibration/outcome.ts';
import { pickTiers, type PickedTiers } from '../../src/route/calibration/pick-tiers.ts';
import { chooseByProfile, createOutcomePredictor } from '../../src/route/calibration/predict-outcomes.ts';
import { percentiles, type Measured } from '../../src/route/calibration/report.ts';
import type { RouteFile } from './route-file.ts';

const tierNames = ['near', 'mid', 'far'] as const;
const resampleCount = 500;

export interface ThreeTiers {
  readonly tiers: PickedTiers;
  readonly singles: readonly Point[];
  readonly routed: { readonly quality: Measured; readonly cost: number; readonly shares: readonly number[] };
  /** Quality of routing less that of always-far, in points. */
  readonly belowFar: Measured;
  readonly randomAtEqualCost: Mixture | null;
  /** The cheapest of one or two tiers at random that reaches the goal: always-far less one point. */
  readonly plain: Mixture | null;
  /** 1 - cost of routing / cost of that. */
  readonly saving: Measured;
  readonly oracle: { readonly quality: number; readonly cost: number };
}

interface Shown {
  readonly scores: readonly number[];
  readonly costs: readonly number[];
  readonly chosen: number;
}

/**
 * Calibrated on one half and shown on the other, both ways round; tiers are picked on the whole file by the rule of pick-tiers.ts, which
 * looks at prices and accuracy alone.
 */
export async function threeTiers(file: RouteFile, seed: number): Promise<ThreeTiers> {
  const outcomes: readonly Outcome[] = file.prompts.map((prompt, at) => ({
    prompt,
    group: file.groups[at] ?? '',
    models: Object.fromEntries(
      Object.entries(file.models?.[at] ?? {}).map(([name, [score, cost]]) => [name, { score, cost }]),
    ),
  }));
  const tiers = pickTiers(outcomes);
  if (tiers === null) throw new Error(`${file.name}: no three of its models are tiers`);
  const named = renameModels(outcomes, { ...tiers }).filter((one) =>
    tierNames.every((tier) => Object.hasOwn(one.models, tier)),
  );
  const halves = assignFolds(
    named.map(({ group }) => group ?? ''),
    2,
    seed,
  );
  const shown: Shown[] = [];
  for (const half of [0, 1]) {
    const { profile } = await fitProfile(
      named.filter((_, at) => halves[at] !== half),
      { models: tierNames, seed, resampleCount: 2 },
    );
    const expected = createOutcomePredictor(profile);
    for (const { prompt, models } of named.filter((_, at) => halves[at] === half)) {
      const choice = chooseByProfile(profile, expected(prompt))?.name;
      shown.push({
        scores: tierNames.map((tier) => models[tier]?.score ?? 0),
        costs: tierNames.map((tier) => models[tier]?.cost ?? 0),
        chosen: tierNames.findIndex((tier) => tier === choice),
      });
    }
  }
  return { tiers, ...figuresOf(shown, seed) };
}

function figuresOf(shown: readonly Shown[], seed: number): Omit<ThreeTiers, 'tiers'> {
  const whole = sampleOf(shown);
  const random = createRandom(seed);
  const resamples = Array.from({ length: resampleCount }, () =>
    sampleOf(
      shown.flatMap(() => {
        const one = shown[Math.floor(random() * shown.length)];
        return one === undefined ? [] : [one];
      }),
    ),
  );
  const measured = (of: (sample: Sample) => number): Measured => ({
    value: of(whole),
    interval: percentiles(resamples.map(of).filter((value) => Number.isFinite(value))),
  });
  const bestOf = ({ scores, costs }: Shown): number => {
    const best = Math.max(...scores);
    return scores.reduce(
      (kept, score, at) =>
        score === best && (kept < 0 || (costs[at] ?? 0) < (costs[kept] ?? 0)) ? at : kept,
      -1,
    );
  };
  const right = sampleOf(shown.map((one) => ({ ...one, chosen: bestOf(one) })));
  return {
    singles: whole.singles,
    routed: {
      quality: measured(({ quality }) => quality),
      cost: whole.cost,
      shares: tierNames.map((_, tier) => shown.filter(({ chosen }) => chosen === tier).length / shown.length),
    },
    belowFar: measured(({ quality, singles }) => 100 * (quality - (singles[2]?.quality ?? NaN))),
    randomAtEqualCost: bestAtCost(whole.singles, whole.cost),
    plain: cheapestAtQuality(whole.singles, goalOf(whole)),
    saving: measured((sample) => {
      const plain = cheapestAtQuality(sample.singles, goalOf(sample));
      return plain === null ? NaN : 1 - sample.cost / plain.cost;
    }),
    oracle: { quality: right.quality, cost: right.cost },
  };
}

interface Sample {
  readonly quality: number;
  readonly cost: number;
  readonly singles: readonly Point[];
}

function goalOf({ singles }: Sample): number {
  return (singles[2]?.quality ?? NaN) - 0.01;
}

function sampleOf(shown: readonly Shown[]): Sample {
  const mean = (of: (one: Shown) => number): number =>
    shown.reduce((sum, one) => sum + of(one), 0) / shown.length;
  return {
    quality: mean(({ scores, chosen }) => scores[chosen] ?? 0),
    cost: mean(({ costs, chosen }) => costs[chosen] ?? 0),
    singles: tierNames.map((name, tier) => ({
      name,
      quality: mean(({ scores }) => scores[tier] ?? 0),
      cost: mean(({ costs }) => costs[tier] ?? 0),
    })),
  };
}
