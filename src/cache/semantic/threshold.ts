/** A question was answered by the model although a kept answer was near: was that one the same? */
export interface Check {
  readonly likeness: number;
  readonly isSame: boolean;
}

/**
 * How likely a kept answer is the right one, by the likeness of two questions, learnt from checks: vCache's model (arXiv
 * 2502.03771), a logistic curve of correctness over similarity for each neighbourhood. Neighbourhoods have few checks of their
 * own, so theirs is the curve of all checks moved by an offset, of which little is known beforehand: most neighbourhoods are like
 * the others, and some are traps, where another question in nearly the same words has another answer. Until own checks speak
 * against a trap, the risk of one counts.
 */
export interface Threshold {
  learn(check: Check): void;
  /**
   * The probability that the answer would be wrong, 0 to 1.
   * @param neighbourhood checks that were made around the kept question
   */
  risk(likeness: number, neighbourhood: readonly Check[]): number;
}

/** Where the curve is centred. */
const centre = 0.7;
/**
 * Before the first check: log odds of the same answer at the centre, and their rise per unit of likeness. Fitted once to the
 * learning half of bench/workloads/semcache and rounded; own checks soon outweigh it.
 */
const prior = { level: 4, slope: 16, levelDeviation: 1, slopeDeviation: 4 };
/** How far neighbourhoods differ, in log odds (standard deviation). */
const offsetDeviation = 1;
/** The share of neighbourhoods that are traps, and of the questions there that have the same answer, however alike. */
const trap = { share: 0.04, sameRate: 0.3 };
/** Checks that the curve is fitted to, the latest ones. */
const checkCount = 2000;

export function createThreshold(): Threshold {
  const checks: Check[] = [];
  let curve: Curve = prior;
  return {
    learn(check) {
      checks.push(check);
      if (checks.length > checkCount) checks.shift();
      curve = fitCurve(checks, curve);
    },
    risk(likeness, neighbourhood) {
      let ordinary = 0;
      let total = 0;
      let trapWeight = trap.share;
      for (const { isSame } of neighbourhood) trapWeight *= isSame ? trap.sameRate : 1 - trap.sameRate;
      for (const { offset, weight } of offsets) {
        let likelihood = weight * (1 - trap.share);
        for (const check of neighbourhood) {
          const odds = logistic(logOddsAt(curve, check.likeness) + offset);
          likelihood *= check.isSame ? odds : 1 - odds;
        }
        total += likelihood;
        ordinary += likelihood * (1 - logistic(logOddsAt(curve, likeness) + offset));
      }
      return (ordinary + trapWeight * (1 - trap.sameRate)) / (total + trapWeight);
    },
  };
}

/** A normal distribution in steps, its weights summing up to 1. */
const offsets = normalSteps(offsetDeviation);

interface Curve {
  readonly level: number;
  readonly slope: number;
}

function logOddsAt({ level, slope }: Curve, likeness: number): number {
  return level + slope * (likeness - centre);
}

function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

const newtonStepCount = 8;

/** The likeliest curve, by Newton's method from the last one; the prior keeps it finite where all checks agree. */
function fitCurve(checks: readonly Check[], from: Curve): Curve {
  const [levelPrecision, slopePrecision] = [prior.levelDeviation ** -2, prior.slopeDeviation ** -2];
  let { level, slope } = from;
  for (let step = 0; step < newtonStepCount; step++) {
    let levelGradient = (prior.level - level) * levelPrecision;
    let slopeGradient = (prior.slope - slope) * slopePrecision;
    let [levelCurvature, crossCurvature, slopeCurvature] = [levelPrecision, 0, slopePrecision];
    for (const { likeness, isSame } of checks) {
      const x = likeness - centre;
      const odds = logistic(level + slope * x);
      const error = (isSame ? 1 : 0) - odds;
      const weight = odds * (1 - odds);
      levelGradient += error;
      slopeGradient += error * x;
      levelCurvature += weight;
      crossCurvature += weight * x;
      slopeCurvature += weight * x * x;
    }
    const determinant = levelCurvature * slopeCurvature - crossCurvature ** 2;
    const levelStep = (slopeCurvature * levelGradient - crossCurvature * slopeGradient) / determinant;
    const slopeStep = (levelCurvature * slopeGradient - crossCurvature * levelGradient) / determinant;
    level += bounded(levelStep, 1);
    // More alike is never riskier.
    slope = Math.max(0, slope + bounded(slopeStep, 4));
    if (Math.abs(levelStep) + Math.abs(slopeStep) < 1e-6) break;
  }
  return { level, slope };
}

function bounded(step: number, size: number): number {
  return Math.max(-size, Math.min(size, step));
}

function normalSteps(deviation: number): readonly { readonly offset: number; readonly weight: number }[] {
  const steps = Array.from({ length: 17 }, (_, index) => (index - 8) / 2);
  const densities = steps.map((step) => Math.exp((-step * step) / 2));
  const sum = densities.reduce((total, density) => total + density, 0);
  return steps.map((step, index) => ({ offset: step * deviation, weight: (densities[index] ?? 0) / sum }));
}
