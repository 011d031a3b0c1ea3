import { oneOfTexts, sequence, text, optional, choice, characterOf, type Expression } from './expression.ts';
import { anyInteger, anyNumber, digits, integerDigitLimit } from './json-text.ts';
import { codePointSet } from './code-points.ts';
import { integerRange, numberRange, type Bound } from './number-range.ts';
import type { RuleBook } from './rule-book.ts';
import type { Atom } from './schema-atoms.ts';
import { boundsOf } from './schema-facts.ts';
import type { SchemaSource } from './schema-source.ts';

/** Multiples that are written out one by one. */
const multipleLimit = 1_000;

const int32 = 2 ** 31;

/** @throws NearfarError `invalid_request` for a bound or step that cannot be enforced */
export function numberExpression(
  atoms: readonly Atom[],
  isInteger: boolean,
  source: SchemaSource,
  book: RuleBook,
): Expression {
  const formats = new Set(atoms.map(({ read }) => read.text('format')));
  const isWhole = isInteger || formats.has('int32') || formats.has('int64');
  let { low, high } = boundsOf(atoms);
  if (formats.has('int32')) {
    low = atLeast(low, -int32);
    high = atMost(high, int32 - 1);
  }
  checkReach(low, high, atoms, source);
  const steps = atoms.flatMap(({ pointer, read }) => {
    const step = read.number('multipleOf');
    return step === null ? [] : [{ step, pointer }];
  });
  const beyondOne = steps.filter(({ step }) => step !== 1);
  if (beyondOne.length > 0)
    return multiples(beyondOne, low, high, isWhole || beyondOne.length < steps.length, source, book);
  if (isWhole || steps.length > 0) {
    return low === null && high === null ? anyInteger(book) : integerRange(low, high, book);
  }
  return low === null && high === null ? anyNumber(book) : numberRange(low, high, book);
}

function atLeast(low: Bound | null, value: number): Bound {
  return low !== null && low.value > value ? low : { value, isInclusive: true };
}

function atMost(high: Bound | null, value: number): Bound {
  return high !== null && high.value < value ? high : { value, isInclusive: true };
}

/** Numbers of more than 15 digits are not written, so none would be left beyond. */
function checkReach(
  low: Bound | null,
  high: Bound | null,
  atoms: readonly Atom[],
  source: SchemaSource,
): void {
  const reach = 10 ** integerDigitLimit;
  for (const [bound, keywords, side] of [
    [low, ['minimum', 'exclusiveMinimum'], 1],
    [high, ['maximum', 'exclusiveMaximum'], -1],
  ] as const) {
    if (bound === null || bound.value * side < reach) continue;
    const keyword =
      keywords.find((name) => atoms.some(({ schema }) => schema[name] !== undefined)) ?? keywords[0];
    const pointer = atoms.find(({ schema }) => schema[keyword] !== undefined)?.pointer ?? '';
    throw source.problem(pointer, keyword, `leaves only numbers of more than ${integerDigitLimit} digits`);
  }
}

function multiples(
  steps: readonly { readonly step: number; readonly pointer: string }[],
  low: Bound | null,
  high: Bound | null,
  isWhole: boolean,
  source: SchemaSource,
  book: RuleBook,
): Expression {
  for (const { step, pointer } of steps) {
    if (step <= 0) throw source.problem(pointer, 'multipleOf', 'expected a number above 0');
  }
  const widest = steps.reduce((a, b) => (b.step > a.step ? b : a));
  if (low !== null && high !== null && (high.value - low.value) / widest.step <= multipleLimit) {
    const texts: string[] = [];
    const first = Math.ceil(low.value / widest.step);
    for (let factor = first; factor * widest.step <= high.value; factor++) {
      // Without the last digits, which multiplying made up: 3 * 0.1 is 0.3.
      const value = Number((factor * widest.step).toPrecision(15)) + 0;
      const isMultiple = steps.every(({ step }) => Number.isInteger(value / step));
      const isInside =
        (low.isInclusive || value > low.value) &&
        (high.isInclusive || value < high.value) &&
        value >= low.value;
      if (isMultiple && isInside && (!isWhole || Number.isInteger(value))) texts.push(String(value));
    }
    return oneOfTexts(texts);
  }
  const zeros = Math.log10(widest.step);
  if (
    steps.length === 1 &&
    Number.isInteger(zeros) &&
    zeros > 0 &&
    zeros < integerDigitLimit &&
    low === null &&
    high === null
  ) {
    const nonZero = characterOf(codePointSet([[0x31, 0x39]]));
    const leading = sequence(nonZero, digits(0, integerDigitLimit - zeros - 1, book));
    return choice([text('0'), sequence(optional(text('-')), leading, text('0'.repeat(zeros)))]);
  }
  throw source.problem(
    widest.pointer,
    'multipleOf',
    `can be enforced for 1, for powers of ten without bounds, and where minimum and maximum leave at most ${multipleLimit} multiples`,
  );
}
