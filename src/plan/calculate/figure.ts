/** How a number came about: read from a file or a definition, taken on this machine or traffic, or computed from assumptions. */
export type Basis = 'exact' | 'measured' | 'estimated';

/** A number that a user sees, with its working. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** E.g. `bytes`, `tokens/s`, `ms`, `USD/month`, `x`. */
  readonly unit: string;
  readonly basis: Basis;
  /** E.g. `2 x layers x KV heads x head length x 2 bytes`. */
  readonly formula: string;
  readonly inputs: Readonly<Record<string, number | string>>;
  /** Where the formula or an input is from: a paper and section, a data sheet, a measurement. */
  readonly source: string;
}

/** What the guide says of the same thing. */
export interface GuideClaim {
  /** In the guide's words. */
  readonly text: string;
  /** The range that it gives, in the figure's unit; a single number twice. */
  readonly range: readonly [least: number, most: number];
}

export interface ComparedFigure extends Figure {
  readonly claim: GuideClaim;
  readonly agrees: boolean;
  /** What is different and why; null where it agrees. */
  readonly difference: string | null;
}

/** Numbers that are this much apart count as the same: the guide rounds. */
const roundingShare = 0.15;

/**
 * Sets a figure beside the guide's.
 * @param why what makes them differ, where they do
 */
export function compareWithGuide(figure: Figure, claim: GuideClaim, why: string): ComparedFigure {
  const [least, most] = claim.range;
  const agrees = figure.value >= least * (1 - roundingShare) && figure.value <= most * (1 + roundingShare);
  return { ...figure, claim, agrees, difference: agrees ? null : why };
}

/** @throws RangeError naming the input where it is not a finite number of at least `least` (and at most `most`) */
export function requireNumber(name: string, value: number, least = 0, most = Infinity): number {
  if (!Number.isFinite(value) || value < least || value > most) {
    const bound = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new RangeError(`${name}: expected a number ${bound}, got ${value}`);
  }
  return value;
}
