import { wideTokenCount } from './step-cost.ts';

/** A step under construction and the prompt that shall fill it. */
export interface PrefillStep {
  /** Tokens that are in the step already, and the pairs that they read (see StepWork). */
  readonly tokenCount: number;
  readonly readPairCount: number;
  /** Tokens of the prompt's sequence that have cells; each new token reads them all. */
  readonly contextTokenCount: number;
  /** Most tokens of the prompt that can go in: what is left of it, of the batch, of the cells. */
  readonly limit: number;
  /** Taken even where the target is missed: `minimumPrefillTokenCount`, or 0. */
  readonly least: number;
  /** Whether not even a tile may miss the target. */
  readonly isHard: boolean;
  /** None at all rather than a piece too narrow to be worth it: there will be more time. */
  readonly isPatient: boolean;
  readonly targetMs: number;
  readonly predictMs: (tokenCount: number, readPairCount: number) => number;
}

/** Prefill that a step does even where the target is missed, so that prompts never starve behind readers. */
export const minimumPrefillTokenCount = 16;
/** Below this share of a tile's speed a narrower step spares readers little and costs the prompt too much. */
const narrowWorthwhileShare = 0.5;

/**
 * How many tokens of a prompt a step takes so that it stays within the target: all that are left, if they fit; else up
 * to a width at which the kernels waste nothing. Attention on a CPU works in tiles of 64 tokens (measured: a step of
 * 129 takes 13% longer than one of 128 over 2,048 cells), so wide steps are whole tiles. Below one tile they take
 * another path, three times slower per cell: where that would halve a prompt's speed, the target is missed by a tile.
 */
export function prefillWidth(step: PrefillStep): number {
  const { tokenCount, limit, targetMs } = step;
  if (limit <= 0) return 0;
  const predict = (width: number): number =>
    step.predictMs(tokenCount + width, step.readPairCount + width * step.contextTokenCount);
  if (predict(limit) <= targetMs) return limit;
  const fitting = widestFitting(step, predict);
  const width = Math.max(fitting, Math.min(limit, step.least));
  const tile = wideTokenCount - tokenCount;
  if (width === 0 || width >= tile || tile > limit) return width;
  if (step.isHard && !step.isPatient) return width;
  const speed = (tokens: number): number => tokens / predict(tokens);
  const isWorthwhile = speed(width) >= narrowWorthwhileShare * speed(tile);
  if (isWorthwhile) return width;
  return step.isHard ? 0 : tile;
}

/** The widest step worth trying that stays within the target; 0 if none does. */
function widestFitting(step: PrefillStep, predict: (width: number) => number): number {
  for (const total of totalsBelow(step.tokenCount + step.limit)) {
    const width = total - step.tokenCount;
    if (width <= step.least) break;
    if (predict(width) <= step.targetMs) return width;
  }
  return 0;
}

/** Widths of a whole step worth trying, descending: whole tiles, below two tiles multiples of 8. */
function* totalsBelow(limit: number): Generator<number> {
  let total = limit - 1;
  for (total -= total % wideTokenCount; total >= 2 * wideTokenCount; total -= wideTokenCount) yield total;
  for (let narrow = Math.min(limit - 1, 2 * wideTokenCount - 8); narrow > 0; narrow = nextNarrow(narrow))
    yield narrow;
}

const nextNarrow = (total: number): number => (total % 8 === 0 ? total - 8 : total - (total % 8));
