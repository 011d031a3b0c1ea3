import { isValidPhoneNumber, type CountryCode } from 'libphonenumber-js/min';
import { matches, hasNear, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** Digits in groups as numbers are written; what is long enough and has no letters or decimals at its ends. */
const candidate =
  /(?<![\p{L}\p{N}.,$€£:/#-])(?:\+|00)?\(?\d{1,4}\)?(?:[ .\-/]{0,2}\(?\d{1,5}\)?){1,6}(?![\p{L}\p{N}%°]|[.,:/-]\d)/gu;
/** As North Americans write theirs: telling without a word beside it. */
const northAmerican = /^(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4}$/;
const words =
  /(?:\b(?:phone|telephone|tel|mobile|cell|cellphone|fax|call|text|sms|whatsapp|dial|reach|ring|contact|desk|office|home|work|number|answer(?:ing|s)?|messages?|calling|texting|reached|handy|telefon|téléphone|teléfono|móvil|celular|numero|nummer|puhelin)\b|☎|📞)[^\n\d]{0,40}$/iu;
/** Behind the number. */
const wordsBehind = /^[^\n\d]{0,24}\b(?:phone|mobile|cell|fax|tel)\b/i;
/** Numbers that name something else. */
const otherWords =
  /\b(?:order|invoice|ticket|case|model|isbn|version|page|room|year|population|serial|tracking|ref(?:erence)?)\b[^\n\d]{0,16}$/i;
/** Whose national forms are tried for a number in groups with a leading zero or a trunk code. */
const countries: readonly CountryCode[] = [
  'US',
  'GB',
  'DE',
  'FR',
  'IT',
  'ES',
  'IN',
  'BR',
  'AU',
  'JP',
  'NL',
  'SE',
  'PL',
  'CH',
  'BE',
  'AT',
  'DK',
  'NO',
  'FI',
  'PT',
];

/** Digits. */
const shortest = 7;
const longest = 15;

function isPhone(text: string, match: RegExpExecArray): boolean {
  const [whole] = match;
  const digitCount = whole.replace(/\D/g, '').length;
  if (digitCount < shortest || digitCount > longest) return false;
  if (/^\d{4}([-/.])\d{1,2}\1\d{1,2}$/.test(whole) || /^\d{1,2}([-/.])\d{1,2}\1\d{4}$/.test(whole))
    return false;
  if (northAmerican.test(whole)) return true;
  if (/^(?:\+|00)/.test(whole))
    return (
      isValidPhoneNumber(whole.replace(/^00/, '+').replace(/\(0\)/, '')) || hasNear(text, match.index, words)
    );
  if (hasNear(text, match.index, otherWords)) return false;
  if (hasNear(text, match.index, words)) return true;
  if (wordsBehind.test(text.slice(match.index + whole.length, match.index + whole.length + 32))) return true;
  // A trunk zero and groups: a number of some country, where one of them has it.
  if (!/^\(?0\d/.test(whole) || !/[ .\-/()]/.test(whole) || digitCount < 9) return false;
  return countries.some((country) => isValidPhoneNumber(whole, country));
}

/** Telephone numbers: international ones, North America's form, national forms that libphonenumber knows, or beside a word. */
export const phone: Detector = {
  name: 'phone',
  find: (text, facts = new TextFacts(text)) =>
    facts.longestNumber >= shortest && (/\d{3}/.test(text) || /\d[ .-]\d{2}/.test(text))
      ? matches(text, candidate, { type: 'phone', detector: 'phone' }, (match) => isPhone(text, match))
      : [],
};
