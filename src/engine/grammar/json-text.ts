import { codePointSet, difference, intersection, allCodePoints, type CodePointSet } from './code-points.ts';
import { characterOf, choice, many, optional, sequence, text, type Expression } from './expression.ts';
import type { RuleBook } from './rule-book.ts';

/**
 * JSON as it is written here: one space after each comma and colon, none elsewhere. One way of spacing instead of any
 * keeps keys and punctuation free of choices, and small models out of endless white space.
 */
export const comma = text(', ');
const colon = text(': ');

export function member(key: Expression, value: Expression): Expression {
  return sequence(key, colon, value);
}

/** A value in the spacing of this file, with the spelling of JSON.stringify. */
export function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${jsonText(inner)}`);
    return `{${members.join(', ')}}`;
  }
  return JSON.stringify(value);
}

const escapedByLetter: ReadonlyMap<number, string> = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
]);
const control = codePointSet([[0, 0x1f]]);
const needsEscape = codePointSet([...control, [0x22, 0x22], [0x5c, 0x5c]]);
const plain = difference(allCodePoints, needsEscape);

/** One character of the set inside a JSON string, spelled as JSON.stringify does. */
export function jsonCharacter(set: CodePointSet): Expression {
  const options: Expression[] = [];
  const unescaped = intersection(set, plain);
  if (unescaped.length > 0) options.push(characterOf(unescaped));
  for (const [first, last] of intersection(set, needsEscape)) {
    for (let codePoint = first; codePoint <= last; codePoint++) options.push(text(escapeOf(codePoint)));
  }
  return choice(options);
}

function escapeOf(codePoint: number): string {
  return escapedByLetter.get(codePoint) ?? `\\u${codePoint.toString(16).padStart(4, '0')}`;
}

const digit = codePointSet([[0x30, 0x39]]);
const hex = codePointSet([
  [0x30, 0x39],
  [0x41, 0x46],
  [0x61, 0x66],
]);

/**
 * Any character of a string, in any spelling but escaped surrogates: half a pair is no character, and a pair would
 * count as two towards a length.
 */
export function anyCharacter(book: RuleBook): Expression {
  return book.rule('any character', () => {
    const hexDigit = characterOf(hex);
    const notD = characterOf(
      difference(
        hex,
        codePointSet([
          [0x44, 0x44],
          [0x64, 0x64],
        ]),
      ),
    );
    const letter = characterOf(
      codePointSet(Array.from('"\\/bfnrt', (one) => [one.charCodeAt(0), one.charCodeAt(0)])),
    );
    const unicode = choice([
      sequence(notD, hexDigit, hexDigit, hexDigit),
      sequence(
        characterOf(
          codePointSet([
            [0x44, 0x44],
            [0x64, 0x64],
          ]),
        ),
        characterOf(codePointSet([[0x30, 0x37]])),
        hexDigit,
        hexDigit,
      ),
    ]);
    return choice([characterOf(plain), sequence(text('\\'), choice([letter, sequence(text('u'), unicode)]))]);
  });
}

/** Any digits, `min` to `max` of them. */
export function digits(min: number, max: number, book: RuleBook): Expression {
  return book.repeated(characterOf(digit), min, max);
}

/**
 * Digits before the point: all such integers are exact in a double (2^53 has 16). After the point as many as
 * JSON.stringify writes at most, and a few. Bounded, because a small model likes to go on writing digits.
 */
export const integerDigitLimit = 15;
const fractionDigitLimit = 20;

const nonZero = characterOf(codePointSet([[0x31, 0x39]]));

export function anyInteger(book: RuleBook): Expression {
  return book.rule('any integer', () =>
    choice([text('0'), sequence(optional(text('-')), nonZero, digits(0, integerDigitLimit - 1, book))]),
  );
}

export function anyNumber(book: RuleBook): Expression {
  return book.rule('any number', () => {
    const whole = choice([text('0'), sequence(nonZero, digits(0, integerDigitLimit - 1, book))]);
    const fraction = sequence(text('.'), digits(1, fractionDigitLimit, book));
    const sign = characterOf(
      codePointSet([
        [0x2b, 0x2b],
        [0x2d, 0x2d],
      ]),
    );
    const exponent = sequence(
      characterOf(
        codePointSet([
          [0x45, 0x45],
          [0x65, 0x65],
        ]),
      ),
      optional(sign),
      digits(1, 2, book),
    );
    return sequence(optional(text('-')), whole, optional(fraction), optional(exponent));
  });
}

export function anyString(book: RuleBook): Expression {
  return book.rule('any string', () => sequence(text('"'), many(anyCharacter(book)), text('"')));
}

export function anyObject(book: RuleBook): Expression {
  return book.rule('any object', () => {
    const one = member(anyString(book), anyValue(book));
    return sequence(text('{'), book.repeated(one, 0, null, comma), text('}'));
  });
}

export function anyValue(book: RuleBook): Expression {
  return book.rule('any value', () => {
    const list = sequence(text('['), book.repeated(anyValue(book), 0, null, comma), text(']'));
    const words = ['true', 'false', 'null'].map(text);
    return choice([anyObject(book), list, anyString(book), anyNumber(book), ...words]);
  });
}
