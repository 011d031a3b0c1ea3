import { isLuhn } from './check-digits.ts';
import { hasNear, matches, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** Digits in groups that are printed on cards, or in one piece. */
const pattern =
  /(?<![\d.,$€£-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -]?)\d{6}\2\d{4,5}|\d{13,19})(?![\d]|[.,]\d)/g;

/** Issuer identification numbers (ISO/IEC 7812) and the lengths that their issuers use. */
const issuers: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:30[0-5]|3095|36|3[89])/, [14, 15, 16, 17, 18, 19]],
  [/^(?:6011|64[4-9]|65|622)/, [16, 17, 18, 19]],
  [/^62/, [16, 17, 18, 19]],
  [/^(?:352[89]|35[3-8])/, [16, 17, 18, 19]],
  [/^(?:1800|2131)/, [15]],
  [/^(?:50|5[6-9]|6[0-9])/, [13, 14, 15, 16, 17, 18, 19]],
  [/^220[0-4]/, [16, 17, 18, 19]],
];

/** Beside a word for it, a number of a card's length is one, be it mistyped or of an issuer unknown here. */
const named = /(?<![\d.,$€£-])\d{4}(?:[ -]?\d{4}){2}(?:[ -]?\d{1,4}){0,2}(?!\d|[.,]\d)/g;
const shortestNamed = 12;
const words =
  /\b(?:card|credit|debit|visa|master ?card|amex|maestro|cc|tarjeta|karte|carte)\b[^\n\d]{0,24}$/i;

/** Numbers of payment cards, by issuer, length and check digit, or beside a word for them. */
export const paymentCard: Detector = {
  name: 'payment_card',
  find(text, facts = new TextFacts(text)) {
    if (facts.longestNumber < shortestNamed) return [];
    const found = matches(text, pattern, { type: 'payment_card', detector: 'payment_card' }, ([whole]) => {
      const digits = whole.replace(/\D/g, '');
      return (
        issuers.some(([prefix, lengths]) => prefix.test(digits) && lengths.includes(digits.length)) &&
        isLuhn(digits) &&
        !/^(\d)\1+$/.test(digits)
      );
    });
    if (found.length > 0) return found;
    const span = { type: 'payment_card', detector: 'payment_card.named' } as const;
    return matches(text, named, span, ({ index }) => hasNear(text, index, words, 40));
  },
};
