import {
  attentionSeconds,
  calibratedWidths,
  decodeStep,
  prefillStep,
  promptStep,
  type Matrices,
  type SpeedCalibration,
  type TimesByWidth,
} from '../plan/calculate/calibrated-speed.ts';
import {
  calibrationLoad,
  narrowShape,
  thinShape,
  wideShape,
  type CalibrationShape,
} from './calibration-model.ts';
import { decodeStepCount, type DeepTimes } from './step-times.ts';

/** Seconds at each of `calibratedWidths` of the made-up models. */
export interface CalibrationTimes {
  /** In F16. */
  readonly thin: TimesByWidth;
  readonly byFormat: ReadonlyMap<string, { readonly wide: TimesByWidth; readonly narrow: TimesByWidth }>;
  /** Of the wide one in F16. */
  readonly deep: DeepTimes | null;
}

type Attention = Pick<SpeedCalibration, 'secondsPerPair' | 'secondsPerMaskedCell'>;
export type SolvedCalibration = Omit<SpeedCalibration, 'bytesPerSecond' | 'flops' | 'threadCount'>;

/** Tokens in the cache when it is deep: those before, and the prefill. */
export const deepTokens = 1536 + promptStep;

/** Tokens before each of the steps whose median is the time. */
export const meanContext = (decodeStepCount - 1) / 2;

/**
 * Finds what a weight, a row and a node take. At each width w the times T of the three models in F16 give
 * T = weights a + rows b + nodes c + attention, of which c is every format's; two models of another format give its a and b.
 * What would be negative is noise: it is taken for 0, and the other fits both in the sense of least relative squares. Pure.
 * @throws RangeError where F16, or what it takes deep in a context, is missing
 */
export function solveCalibration({ thin, byFormat, deep }: CalibrationTimes): SolvedCalibration {
  const base = byFormat.get('F16');
  if (base === undefined || deep === null) throw new RangeError('format: F16 must be timed, deep too');
  const attention = solveAttention(base.wide, deep);
  const secondsPerNode: number[] = [];
  const secondsPerWeight: Record<string, number[]> = {};
  const secondsPerRow: Record<string, number[]> = {};
  calibratedWidths.forEach((width, index) => {
    /** Weights, rows and nodes that take what is to be found, and the seconds that are left for them. */
    const equation = (shape: CalibrationShape, format: string, times: TimesByWidth): Equation => {
      const load = calibrationLoad(shape, format);
      const isPrompt = width === promptStep;
      const step = isPrompt ? prefillStep(0, width) : decodeStep(width, meanContext);
      const blocks = sizeOf(load.blocks);
      const ends = sizeOf(load.ends);
      // Of a prompt the ends are computed for one row, which takes what it took at width 1.
      const known = isPrompt
        ? ends.weightCount * (secondsPerWeight[format]?.[0] ?? 0) +
          ends.rowCount * (secondsPerRow[format]?.[0] ?? 0)
        : 0;
      return {
        weightCount: blocks.weightCount + (isPrompt ? 0 : ends.weightCount),
        rowCount: blocks.rowCount + (isPrompt ? 0 : ends.rowCount),
        nodeCount: load.nodeCount,
        seconds: Math.max(0, (times[index] ?? NaN) - known - attentionSeconds(load, attention, step)),
      };
    };
    const pairOf = (format: string, times: { wide: TimesByWidth; narrow: TimesByWidth }) =>
      [equation(wideShape, format, times.wide), equation(narrowShape, format, times.narrow)] as const;
    const perNode = solveNodes(pairOf('F16', base), equation(thinShape, 'F16', thin));
    secondsPerNode.push(perNode);
    for (const [format, times] of byFormat) {
      const { perWeight, perRow } = solvePair(pairOf(format, times), perNode);
      (secondsPerWeight[format] ??= []).push(perWeight);
      (secondsPerRow[format] ??= []).push(perRow);
    }
  });
  return { secondsPerWeight, secondsPerRow, secondsPerNode, ...attention };
}

interface Equation {
  readonly weightCount: number;
  readonly rowCount: number;
  readonly nodeCount: number;
  readonly seconds: number;
}

/** What each token beyond the first 256 takes, that a token looks at and that it does not. */
function solveAttention(wide: TimesByWidth, deep: DeepTimes): Attention {
  const { attentionWidth, headCount } = calibrationLoad(wideShape, 'F16');
  const [stepSeconds = NaN] = wide;
  const prefillSeconds = wide.at(-1) ?? NaN;
  const more = deepTokens - promptStep;
  const perPrefillPair = Math.max(
    0,
    (deep.prefillMs / 1000 - prefillSeconds) / (promptStep * more) / attentionWidth,
  );
  const near = decodeStep(1, meanContext);
  const behind = decodeStep(1, deepTokens + meanContext);
  const hidden = behind.pairCount + behind.maskedCount - near.pairCount - near.maskedCount;
  const perMasked = Math.max(0, (deep.besideMs / 1000 - stepSeconds) / hidden / headCount);
  const morePairs = behind.pairCount - near.pairCount;
  const moreMasked = (behind.maskedCount - near.maskedCount) * headCount * perMasked;
  return {
    secondsPerPair: {
      prefill: perPrefillPair,
      decode: Math.max(0, (deep.decodeMs / 1000 - stepSeconds - moreMasked) / morePairs / attentionWidth),
    },
    secondsPerMaskedCell: perMasked,
  };
}

/** Seconds of a node, from three models in one format. */
function solveNodes(pair: readonly [Equation, Equation], thin: Equation): number {
  const [one, other] = pair;
  // Weights and rows of the thin model as a sum of the two others' leave its nodes alone.
  const determinant = one.weightCount * other.rowCount - other.weightCount * one.rowCount;
  const ofOne = (thin.weightCount * other.rowCount - other.weightCount * thin.rowCount) / determinant;
  const ofOther = (one.weightCount * thin.rowCount - thin.weightCount * one.rowCount) / determinant;
  const nodes = thin.nodeCount - ofOne * one.nodeCount - ofOther * other.nodeCount;
  const seconds = thin.seconds - ofOne * one.seconds - ofOther * other.seconds;
  // Never more than all that the thin model takes.
  return Math.min(thin.seconds / thin.nodeCount, Math.max(0, seconds / nodes));
}

/** Seconds of a weight and of a row, where a node takes so much. */
function solvePair(
  pair: readonly [Equation, Equation],
  perNode: number,
): { readonly perWeight: number; readonly perRow: number } {
  const left = ({ seconds, nodeCount }: Equation): number => Math.max(1e-12, seconds - nodeCount * perNode);
  const [one, other] = pair;
  const determinant = one.weightCount * other.rowCount - other.weightCount * one.rowCount;
  const perWeight = (left(one) * other.rowCount - left(other) * one.rowCount) / determinant;
  const perRow = (one.weightCount * left(other) - other.weightCount * left(one)) / determinant;
  const alone = (count: (equation: Equation) => number): number => {
    const shares = pair.map((equation) => count(equation) / left(equation));
    return shares.reduce((sum, share) => sum + share, 0) / shares.reduce((sum, share) => sum + share ** 2, 0);
  };
  if (perRow < 0) return { perWeight: alone(({ weightCount }) => weightCount), perRow: 0 };
  if (perWeight < 0) return { perWeight: 0, perRow: alone(({ rowCount }) => rowCount) };
  return { perWeight, perRow };
}

function sizeOf(matrices: Matrices): { readonly weightCount: number; readonly rowCount: number } {
  const sizes = Object.values(matrices);
  return {
    weightCount: sizes.reduce((sum, { weightCount }) => sum + weightCount, 0),
    rowCount: sizes.reduce((sum, { rowCount }) => sum + rowCount, 0),
  };
}
