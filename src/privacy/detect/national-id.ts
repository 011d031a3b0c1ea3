// Over 300 lines: a table with one short entry for each identifier, which reads best in one place.
import { isDate, isLuhn, isMod11_10, isVerhoeff, weightedSum } from './check-digits.ts';
import { hasNear, kindOf, matches, shifted, windows, type Detector, type Span } from './span.ts';
import { TextFacts, type PartFacts } from './text-facts.ts';

/** One country's identifier of persons. */
interface Scheme {
  /** As in the reason code: country, then what it is. */
  readonly name: string;
  /** Without word borders; they are added. */
  readonly pattern: RegExp;
  /** Of the match without its separators. */
  readonly isValid: (compact: string) => boolean;
  /** Needed near it where form and check digit alone would take one number in ten or so. `null`: they are enough. */
  readonly words: RegExp | null;
}

const digit = (text: string, index: number): number => Number(text[index]);
const mod11Rest = (digits: string, weights: readonly number[]): number => weightedSum(digits, weights) % 11;

/** Two check digits of Brazil's CPF and CNPJ: 11 less the remainder, 0 for 10 and 11. */
function isBrazilian(digits: string, weights: readonly number[]): boolean {
  const check = (count: number): number => {
    const rest = mod11Rest(digits.slice(0, count), weights.slice(weights.length - count));
    return rest < 2 ? 0 : 11 - rest;
  };
  const count = digits.length - 2;
  return (
    !/^(\d)\1+$/.test(digits) &&
    check(count) === digit(digits, count) &&
    check(count + 1) === digit(digits, count + 1)
  );
}

const italianOdd = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

function isItalian(code: string): boolean {
  const value = (character: string): number =>
    /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65;
  let sum = 0;
  for (let index = 0; index < 15; index++) {
    const one = value(code[index] ?? '0');
    sum += index % 2 === 0 ? (italianOdd[one] ?? 0) : one;
  }
  return String.fromCharCode(65 + (sum % 26)) === code[15];
}

const spanishLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';
const singaporeLetters: Readonly<Record<string, string>> = {
  ...{ S: 'JZIHGFEDCBA', T: 'GFEDCBAJZIH', F: 'XWUTRQPNMLK', G: 'RQPNMLKXWUT' },
};
const finnishLetters = '0123456789ABCDEFHJKLMNPRSTUVWXY';
const taiwanLetters = 'ABCDEFGHJKLMNPQRSTUVXYWZIO';

function isChinese(code: string): boolean {
  const sum = weightedSum(code.slice(0, 17), [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  return isDate(code.slice(8, 14), 'ymd') && '10X98765432'[sum % 11] === code[17]?.toUpperCase();
}

function isNorwegian(digits: string): boolean {
  const first = (11 - mod11Rest(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2])) % 11;
  const second = (11 - mod11Rest(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) % 11;
  return isDate(digits, 'dmy') && first === digit(digits, 9) && second === digit(digits, 10);
}

function isTurkish(digits: string): boolean {
  const odd = weightedSum(digits, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const even = weightedSum(digits, [0, 1, 0, 1, 0, 1, 0, 1]);
  const all = weightedSum(digits, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  return (((odd * 7 - even) % 10) + 10) % 10 === digit(digits, 9) && all % 10 === digit(digits, 10);
}

/** By the numbers of people: the larger countries, and those whose form alone is telling. */
const schemes: readonly Scheme[] = [
  {
    name: 'us_ssn',
    // Areas 000 and 666 were never issued; 9xx are tax numbers of the same form (IRS ITIN).
    pattern: /(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}/,
    isValid: () => true,
    words: null,
  },
  {
    name: 'us_ssn',
    pattern: /(?!000|666)\d{3}[ ]?(?!00)\d{2}[ ]?(?!0000)\d{4}/,
    isValid: () => true,
    words: /\b(?:ssn|itin|social\s+security)\b/i,
  },
  {
    name: 'uk_nino',
    pattern: /(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]/i,
    isValid: () => true,
    words: null,
  },
  {
    name: 'uk_nhs',
    pattern: /\d{3}[ -]?\d{3}[ -]?\d{4}/,
    isValid: (digits) => (11 - mod11Rest(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2])) % 11 === digit(digits, 9),
    words: /\bnhs\b/i,
  },
  {
    name: 'ca_sin',
    pattern: /\d{3}[ -]\d{3}[ -]\d{3}|\d{9}/,
    isValid: isLuhn,
    words: /\b(?:sin|social\s+insurance)\b/i,
  },
  {
    name: 'de_tax',
    pattern: /[1-9]\d ?\d{3} ?\d{3} ?\d{3}/,
    isValid: isMod11_10,
    words: /\b(?:steuer|identifikationsnummer|idnr|tax\s+id|tin)/i,
  },
  {
    name: 'fr_nir',
    pattern: /[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}/i,
    isValid: (code) => {
      const number = code.slice(0, 13).toUpperCase().replace('2A', '19').replace('2B', '18');
      return 97 - Number(BigInt(number) % 97n) === Number(code.slice(13));
    },
    words: null,
  },
  {
    name: 'es_dni',
    pattern: /(?:\d{8}|[XYZ]\d{7})[- ]?[A-HJ-NP-TV-Z]/i,
    isValid: (code) => {
      const number = code.toUpperCase().replace(/^X/, '0').replace(/^Y/, '1').replace(/^Z/, '2');
      return spanishLetters[Number(number.slice(0, 8)) % 23] === number[8];
    },
    words: null,
  },
  {
    name: 'it_fiscal',
    pattern: /[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]/i,
    isValid: (code) => isItalian(code.toUpperCase()),
    words: null,
  },
  {
    name: 'nl_bsn',
    pattern: /\d{9}/,
    isValid: (digits) => mod11Rest(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) === 0,
    words: /\b(?:bsn|burgerservicenummer|sofinummer)\b/i,
  },
  {
    name: 'be_national',
    pattern: /\d{2}\.?\d{2}\.?\d{2}-?\d{3}\.?\d{2}/,
    isValid: (digits) => {
      const check = Number(digits.slice(9));
      const number = Number(digits.slice(0, 9));
      return isDate(digits, 'ymd') && (97 - (number % 97) === check || 97 - ((2e9 + number) % 97) === check);
    },
    words: null,
  },
  {
    name: 'pl_pesel',
    pattern: /\d{11}/,
    isValid: (digits) => {
      const month = Number(digits.slice(2, 4)) % 20;
      const sum = weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
      return month >= 1 && month <= 12 && (10 - (sum % 10)) % 10 === digit(digits, 10);
    },
    words: /\b(?:pesel|numer|poland|polish)\b/i,
  },
  {
    name: 'pt_nif',
    pattern: /\d{3} ?\d{3} ?\d{3}/,
    isValid: (digits) => {
      const rest = mod11Rest(digits, [9, 8, 7, 6, 5, 4, 3, 2]);
      return (rest < 2 ? 0 : 11 - rest) === digit(digits, 8);
    },
    words: /\b(?:nif|contribuinte)\b/i,
  },
  {
    name: 'se_personal',
    pattern: /(?:19|20)?\d{6}[-+]\d{4}/,
    isValid: (code) => isDate(code.slice(-10), 'ymd') && isLuhn(code.slice(-10)),
    words: null,
  },
  {
    name: 'dk_cpr',
    pattern: /\d{6}-\d{4}/,
    isValid: (digits) => isDate(digits, 'dmy'),
    words: /\b(?:cpr|personnummer|danish)\b/i,
  },
  { name: 'no_personal', pattern: /\d{6} ?\d{5}/, isValid: isNorwegian, words: null },
  {
    name: 'fi_hetu',
    pattern: /\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]/i,
    isValid: (code) => {
      const number = Number(code.slice(0, 6) + code.slice(-4, -1));
      return isDate(code, 'dmy') && finnishLetters[number % 31] === code.at(-1)?.toUpperCase();
    },
    words: null,
  },
  {
    name: 'ch_ahv',
    pattern: /756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}/,
    isValid: (digits) => {
      const sum = weightedSum(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
      return (10 - (sum % 10)) % 10 === digit(digits, 12);
    },
    words: null,
  },
  {
    name: 'br_cpf',
    pattern: /\d{3}\.\d{3}\.\d{3}-\d{2}|\d{11}/,
    isValid: (digits) => isBrazilian(digits, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]),
    words: null,
  },
  {
    name: 'br_cnpj',
    pattern: /\d{2}\.\d{3}\.\d{3}\/\d{4}-\d{2}/,
    isValid: (digits) => isBrazilian(digits, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]),
    words: null,
  },
  {
    name: 'mx_curp',
    pattern: /[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z0-9]\d/i,
    isValid: (code) => isDate(code.slice(4, 10), 'ymd'),
    words: null,
  },
  {
    name: 'ar_cuit',
    pattern: /(?:20|23|24|27|30|33|34)-\d{8}-\d/,
    isValid: (digits) => (11 - mod11Rest(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) % 11 === digit(digits, 10),
    words: null,
  },
  {
    name: 'cl_rut',
    pattern: /\d{1,2}\.\d{3}\.\d{3}-[\dK]/i,
    isValid: (code) => {
      const number = code.slice(0, -1).padStart(8, '0');
      return '0K987654321'[mod11Rest(number, [3, 2, 7, 6, 5, 4, 3, 2])] === code.at(-1)?.toUpperCase();
    },
    words: null,
  },
  {
    name: 'in_aadhaar',
    pattern: /[2-9]\d{3} \d{4} \d{4}|[2-9]\d{3}-\d{4}-\d{4}|[2-9]\d{11}/,
    isValid: isVerhoeff,
    words: null,
  },
  {
    name: 'in_aadhaar',
    pattern: /\d{4}[ -]?\d{4}[ -]?\d{4}/,
    isValid: () => true,
    words: /\b(?:aadhaa?r|uidai)\b/i,
  },
  { name: 'in_pan', pattern: /[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]/, isValid: () => true, words: null },
  { name: 'cn_resident', pattern: /[1-9]\d{5}(?:19|20)\d{9}[\dX]/i, isValid: isChinese, words: null },
  {
    name: 'jp_my_number',
    pattern: /\d{4}[ -]?\d{4}[ -]?\d{4}/,
    isValid: (digits) => {
      const rest = mod11Rest(digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
      return (rest <= 1 ? 0 : 11 - rest) === digit(digits, 11);
    },
    words: /my\s?number|マイナンバー|個人番号/i,
  },
  {
    name: 'kr_resident',
    pattern: /\d{6}-[1-8]\d{6}/,
    isValid: (digits) => isDate(digits, 'ymd'),
    words: null,
  },
  {
    name: 'au_tfn',
    pattern: /\d{3}[ -]?\d{3}[ -]?\d{3}/,
    isValid: (digits) => mod11Rest(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]) === 0,
    words: /\b(?:tfn|tax\s+file)\b/i,
  },
  {
    name: 'au_medicare',
    pattern: /[2-6]\d{3}[ -]?\d{5}[ -]?\d/,
    isValid: (digits) => weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digit(digits, 8),
    words: /\bmedicare\b/i,
  },
  { name: 'tr_tckn', pattern: /[1-9]\d{10}/, isValid: isTurkish, words: null },
  {
    name: 'za_id',
    pattern: /\d{6} ?\d{4} ?[01]\d{2}/,
    isValid: (digits) => isDate(digits, 'ymd') && isLuhn(digits),
    words: null,
  },
  {
    name: 'sg_nric',
    pattern: /[STFG]\d{7}[A-Z]/i,
    isValid: (code) => {
      const sum = weightedSum(code.slice(1, 8), [2, 7, 6, 5, 4, 3, 2]);
      return singaporeLetters[code[0]?.toUpperCase() ?? '']?.[sum % 11] === code[8]?.toUpperCase();
    },
    words: null,
  },
  {
    name: 'tw_id',
    pattern: /[A-Z][12]\d{8}/,
    isValid: (code) => {
      const letter = taiwanLetters.indexOf(code[0] ?? '') + 10;
      const sum = Math.floor(letter / 10) + (letter % 10) * 9;
      return (sum + weightedSum(code.slice(1), [8, 7, 6, 5, 4, 3, 2, 1, 1])) % 10 === 0;
    },
    words: null,
  },
  {
    name: 'ru_snils',
    pattern: /\d{3}-\d{3}-\d{3} \d{2}/,
    isValid: (digits) => {
      const sum = weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
      return (sum < 100 ? sum : sum % 101 === 100 ? 0 : sum % 101) === Number(digits.slice(9));
    },
    words: null,
  },
  {
    name: 'ru_inn',
    pattern: /\d{12}/,
    isValid: (digits) =>
      mod11Rest(digits, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 10 === digit(digits, 10) &&
      mod11Rest(digits, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 10 === digit(digits, 11),
    words: /\bинн\b|\binn\b/iu,
  },
  {
    name: 'eu_vat',
    pattern: /ATU\d{8}|DE\d{9}|FR[A-Z0-9]{2}\d{9}|NL\d{9}B\d{2}|BE[01]\d{9}|PL\d{10}/,
    isValid: () => true,
    words: /\b(?:vat|ust|tva|btw|nip)\b/i,
  },
];

const compiled = schemes.map(({ name, pattern, isValid, words }) => ({
  isValid,
  words,
  ...kindOf(
    'national_id',
    `national_id.${name}`,
    new RegExp(
      `(?<![\\p{L}\\p{N}.,-])(?:${pattern.source})(?![\\p{L}\\p{N}]|[-.,]\\d)`,
      `g${pattern.flags}u`,
    ),
  ),
}));

/** Every scheme has five digits that nothing but separators and single letters part. */
const digitRun = /\d(?:[ .\-/]?[A-Z]?\d){4}/gi;

function findIn(text: string, facts: PartFacts): Span[] {
  const found: Span[] = [];
  for (const kind of compiled) {
    if (!facts.mayMatch(kind)) continue;
    const { type, detector, pattern, isValid, words } = kind;
    if (words !== null && !words.test(text)) continue;
    found.push(
      ...matches(text, pattern, { type, detector }, (match) => {
        if (words !== null && !hasNear(text, match.index, words, 64)) return false;
        return isValid(match[0].replace(/[ .\-/+]/g, ''));
      }),
    );
  }
  return found;
}

/** National identifiers of persons and taxpayers, by form, check digit and, where these are weak, a word beside them. */
export const nationalId: Detector = {
  name: 'national_id',
  find(text, facts = new TextFacts(text)) {
    if (!compiled.some((kind) => facts.mayMatch(kind))) return [];
    return windows(text, digitRun, 72, 16).flatMap(({ start, text: part }) =>
      shifted(findIn(part, facts.lookInto(start, start + part.length)), start),
    );
  },
};
