import { codePointSet } from './code-points.ts';
import {
  characterOf,
  choice,
  never,
  nothing,
  optional,
  sequence,
  text,
  type Expression,
} from './expression.ts';
import { digits, integerDigitLimit } from './json-text.ts';
import type { RuleBook } from './rule-book.ts';

/** A bound of a range; `null` = none. */
export interface Bound {
  readonly value: number;
  readonly isInclusive: boolean;
}

/** Integers of at most 15 digits within the bounds. */
export function integerRange(low: Bound | null, high: Bound | null, book: RuleBook): Expression {
  const least = low === null ? -largestInteger : firstInteger(low);
  const most =
    high === null ? largestInteger : -firstInteger({ value: -high.value, isInclusive: high.isInclusive });
  return integersBetween(bigger(least, -largestInteger), smaller(most, largestInteger), book);
}

const largestInteger = 10n ** BigInt(integerDigitLimit) - 1n;

/** The least integer that a lower bound lets through. */
export function firstInteger({ value, isInclusive }: Bound): bigint {
  const ceiling = BigInt(Math.ceil(value));
  return !isInclusive && Number.isInteger(value) ? ceiling + 1n : ceiling;
}

function integersBetween(least: bigint, most: bigint, book: RuleBook): Expression {
  const options: Expression[] = [];
  if (least < 0n && least <= most) {
    const nearest = most < 0n ? -most : 1n;
    options.push(sequence(text('-'), naturalsBetween(nearest, -least, book)));
  }
  if (most >= 0n) options.push(naturalsBetween(bigger(least, 0n), most, book));
  return choice(options);
}

/** Numbers without a sign or leading zeros, by their count of digits. */
function naturalsBetween(least: bigint, most: bigint, book: RuleBook): Expression {
  const options: Expression[] = [];
  for (let length = String(least).length; length <= String(most).length; length++) {
    const shortest = length === 1 ? 0n : 10n ** BigInt(length - 1);
    const from = bigger(least, shortest);
    const to = smaller(most, 10n ** BigInt(length) - 1n);
    if (from <= to) options.push(digitsBetween(String(from), String(to), book));
  }
  return choice(options);
}

/** Strings of as many digits as both bounds have, in order between them. */
function digitsBetween(from: string, to: string, book: RuleBook): Expression {
  const length = from.length;
  if (length === 0) return nothing;
  if (/^0*$/.test(from) && /^9*$/.test(to)) return digits(length, length, book);
  const [first, last] = [Number(from[0]), Number(to[0])];
  const tail = (low: string | null, high: string | null): Expression =>
    digitsBetween(low ?? '0'.repeat(length - 1), high ?? '9'.repeat(length - 1), book);
  if (first === last) return sequence(digit(first, last), tail(from.slice(1), to.slice(1)));
  const fromIsWhole = /^0*$/.test(from.slice(1));
  const toIsWhole = /^9*$/.test(to.slice(1));
  const middle = [first + (fromIsWhole ? 0 : 1), last - (toIsWhole ? 0 : 1)] as const;
  const options: Expression[] = [];
  if (!fromIsWhole) options.push(sequence(digit(first, first), tail(from.slice(1), null)));
  if (middle[0] <= middle[1]) options.push(sequence(digit(...middle), tail(null, null)));
  if (!toIsWhole) options.push(sequence(digit(last, last), tail(null, to.slice(1))));
  return choice(options);
}

function digit(first: number, last: number): Expression {
  return characterOf(codePointSet([[0x30 + first, 0x30 + last]]));
}

/** What is left of a bound behind the digits that were equal to its own. */
interface DigitBound {
  /** Without trailing zeros; the empty string is zero. */
  readonly digits: string;
  readonly isInclusive: boolean;
}

/** Digits after the point where a bound does not ask for more. */
const leastFractionDigits = 6;

/**
 * Numbers within the bounds, written without an exponent: at most 15 digits before the point, and after it six, or
 * those of the bounds and two more.
 */
export function numberRange(low: Bound | null, high: Bound | null, book: RuleBook): Expression {
  const options: Expression[] = [];
  // Below zero the bounds trade places. Minus zero is zero, and is not written.
  if (low === null || low.value < 0) {
    const nearest = high === null || high.value >= 0 ? { value: 0, isInclusive: false } : negated(high);
    options.push(sequence(text('-'), magnitudes(nearest, low === null ? null : negated(low), book)));
  }
  if (high === null || high.value >= 0) {
    const nearest = low === null || low.value < 0 ? { value: 0, isInclusive: true } : low;
    options.push(magnitudes(nearest, high, book));
  }
  return choice(options);
}

function negated({ value, isInclusive }: Bound): Bound {
  return { value: -value, isInclusive };
}

function magnitudes(low: Bound, high: Bound | null, book: RuleBook): Expression {
  const from = decimalOf(low.value);
  // Everything that is written is below 10^15.
  const to = high === null || high.value > Number(largestInteger) ? null : decimalOf(high.value);
  const length = Math.max(leastFractionDigits, from.fraction.length + 2, (to?.fraction.length ?? 0) + 2);
  const lower: DigitBound = { digits: from.fraction, isInclusive: low.isInclusive };
  const upper: DigitBound | null =
    to === null || high === null ? null : { digits: to.fraction, isInclusive: high.isInclusive };
  const withFraction = (whole: Expression, least: DigitBound | null, most: DigitBound | null): Expression =>
    sequence(whole, fraction(least, most, length, book));
  if (to !== null && from.whole > to.whole) return never;
  if (to !== null && from.whole === to.whole) {
    return withFraction(text(String(from.whole)), lower, upper);
  }
  const last = to === null ? largestInteger : to.whole - 1n;
  const options = [withFraction(text(String(from.whole)), lower, null)];
  if (from.whole < last) options.push(withFraction(naturalsBetween(from.whole + 1n, last, book), null, null));
  if (to !== null) options.push(withFraction(text(String(to.whole)), null, upper));
  return choice(options);
}

/** A point and digits between the bounds, or nothing where zero is between them. */
function fraction(
  low: DigitBound | null,
  high: DigitBound | null,
  length: number,
  book: RuleBook,
): Expression {
  if (low === null && high === null) return optional(sequence(text('.'), digits(1, length, book)));
  const written = sequence(text('.'), withoutEnd(low, high, length, book));
  return isWithin(low, high) ? choice([written, nothing]) : written;
}

/** At least one digit. */
function withoutEnd(
  low: DigitBound | null,
  high: DigitBound | null,
  length: number,
  book: RuleBook,
): Expression {
  if (length === 0) return never;
  const groups = new Map<string, { first: number; last: number; rest: Expression }[]>();
  for (let value = 0; value <= 9; value++) {
    const nextLow = advance(low, value, 1);
    const nextHigh = advance(high, value, -1);
    if (nextLow === 'outside' || nextHigh === 'outside') continue;
    const key = JSON.stringify([nextLow, nextHigh]);
    const group = groups.get(key) ?? [];
    const previous = group.at(-1);
    if (previous?.last === value - 1) previous.last = value;
    else group.push({ first: value, last: value, rest: fractionDigits(nextLow, nextHigh, length - 1, book) });
    groups.set(key, group);
  }
  const options = [...groups.values()].flat();
  return choice(options.map(({ first, last, rest }) => sequence(digit(first, last), rest)));
}

function fractionDigits(
  low: DigitBound | null,
  high: DigitBound | null,
  length: number,
  book: RuleBook,
): Expression {
  if (low === null && high === null) return digits(0, length, book);
  const more = withoutEnd(low, high, length, book);
  return isWithin(low, high) ? choice([more, nothing]) : more;
}

/** The bound behind a digit: `null` where every continuation is inside. `side` is 1 for a lower bound. */
function advance(bound: DigitBound | null, value: number, side: 1 | -1): DigitBound | null | 'outside' {
  if (bound === null) return null;
  const own = Number(bound.digits[0] ?? '0');
  if (value === own) return { digits: bound.digits.slice(1), isInclusive: bound.isInclusive };
  return (value - own) * side > 0 ? null : 'outside';
}

/** Whether a number that ends here is between the bounds. */
function isWithin(low: DigitBound | null, high: DigitBound | null): boolean {
  const isAbove = low === null || (low.digits === '' && low.isInclusive);
  const isBelow = high === null || high.digits !== '' || high.isInclusive;
  return isAbove && isBelow;
}

/** The shortest decimal of a double that is not negative, without an exponent. */
function decimalOf(value: number): { whole: bigint; fraction: string } {
  const [mantissa = '0', exponent = '0'] = String(value).split('e');
  const [whole = '0', decimals = ''] = mantissa.split('.');
  const shift = Number(exponent);
  const all = whole + decimals;
  const point = whole.length + shift;
  if (point <= 0) return { whole: 0n, fraction: trimmed('0'.repeat(-point) + all) };
  const padded = all.padEnd(point, '0');
  return { whole: BigInt(padded.slice(0, point)), fraction: trimmed(padded.slice(point)) };
}

function trimmed(decimals: string): string {
  return decimals.replace(/0+$/, '');
}

function bigger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
