/** A question was answered by the model although a kept answer was near: was that one the same? */
export interface Check {
  readonly likeness: number;
  readonly isSame: boolean;
}

/**
 * How likely a kept answer is the right one, by the likeness of two questions, learnt from checks: vCache's model (arXiv
 * 2502.03771), a logistic curve of correctness over similarity for each neighbourhood. Neighbourhoods have few checks of their
 * own, so theirs is the curve of all checks moved by an offset, whose own uncertainty counts against a hit.
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
      const { offset, variance } = fitOffset(curve, neighbourhood);
      const logOdds = logOddsAt(curve, likeness) + offset;
      // The mean of a logistic curve over a normal offset (MacKay 1992): nearer to even the less is known.
      return 1 - logistic(logOdds / Math.sqrt(1 + (Math.PI * variance) / 8));
    },
  };
}

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

/** The likeliest offset of a neighbourhood, and how sure that is (Laplace's approximation). */
function fitOffset(
  curve: Curve,
  neighbourhood: readonly Check[],
): { readonly offset: number; readonly variance: number } {
  const precision = offsetDeviation ** -2;
  let offset = 0;
  let curvature = precision;
  for (let step = 0; step < newtonStepCount; step++) {
    let gradient = -offset * precision;
    curvature = precision;
    for (const { likeness, isSame } of neighbourhood) {
      const odds = logistic(logOddsAt(curve, likeness) + offset);
      gradient += (isSame ? 1 : 0) - odds;
      curvature += odds * (1 - odds);
    }
    const change = gradient / curvature;
    offset += bounded(change, 2);
    if (Math.abs(change) < 1e-6) break;
  }
  return { offset, variance: 1 / curvature };
}

function bounded(step: number, size: number): number {
  return Math.max(-size, Math.min(size, step));
}
