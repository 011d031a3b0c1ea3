import { mod97 } from './check-digits.ts';
import { matches, type Detector } from './span.ts';

/** Lengths by country, SWIFT's IBAN registry (release 98). */
const lengths: Readonly<Record<string, number>> = {
  ...{
    AD: 24,
    AE: 23,
    AL: 28,
    AT: 20,
    AZ: 28,
    BA: 20,
    BE: 16,
    BG: 22,
    BH: 22,
    BI: 27,
    BR: 29,
    BY: 28,
    CH: 21,
  },
  ...{
    CR: 22,
    CY: 28,
    CZ: 24,
    DE: 22,
    DJ: 27,
    DK: 18,
    DO: 28,
    EE: 20,
    EG: 29,
    ES: 24,
    FI: 18,
    FK: 18,
    FO: 18,
  },
  ...{
    FR: 27,
    GB: 22,
    GE: 22,
    GI: 23,
    GL: 18,
    GR: 27,
    GT: 28,
    HN: 28,
    HR: 21,
    HU: 28,
    IE: 22,
    IL: 23,
    IQ: 23,
  },
  ...{
    IS: 26,
    IT: 27,
    JO: 30,
    KW: 30,
    KZ: 20,
    LB: 28,
    LC: 32,
    LI: 21,
    LT: 20,
    LU: 20,
    LV: 21,
    LY: 25,
    MC: 27,
  },
  ...{
    MD: 24,
    ME: 22,
    MK: 19,
    MN: 20,
    MR: 27,
    MT: 31,
    MU: 30,
    NI: 28,
    NL: 18,
    NO: 15,
    OM: 23,
    PK: 24,
    PL: 28,
  },
  ...{
    PS: 29,
    PT: 25,
    QA: 29,
    RO: 24,
    RS: 22,
    RU: 33,
    SA: 24,
    SC: 31,
    SD: 18,
    SE: 24,
    SI: 19,
    SK: 24,
    SM: 27,
  },
  ...{ SO: 23, ST: 25, SV: 28, TL: 23, TN: 24, TR: 26, UA: 29, VA: 22, VG: 24, XK: 20, YE: 30 },
};

const pattern = /(?<![\p{L}\p{N}])[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}(?![a-z0-9])/giu;

/** The longest beginning of a match that is whole by its country's length: what follows may be the next word. */
function wholeLength(match: string): number | null {
  const length = lengths[match.slice(0, 2).toUpperCase()];
  if (length === undefined) return null;
  let count = 0;
  for (let index = 0; index < match.length; index++) {
    if (/[ -]/.test(match[index] ?? '')) continue;
    if (++count === length) return index + 1;
  }
  return null;
}

/** International bank account numbers, by country, length and check digits (ISO 13616). */
export const iban: Detector = {
  name: 'iban',
  find: (text) =>
    matches(text, pattern, { type: 'iban', detector: 'iban' }).flatMap((span) => {
      const match = text.slice(span.start, span.end);
      const length = wholeLength(match);
      if (length === null || /[a-z0-9]/i.test(match[length] ?? '')) return [];
      const compact = match.slice(0, length).replace(/[ -]/g, '').toUpperCase();
      return mod97(compact.slice(4) + compact.slice(0, 4)) === 1
        ? [{ ...span, end: span.start + length }]
        : [];
    }),
};
