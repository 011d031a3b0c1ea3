import { anchorOf } from './anchor-words.ts';
import { kindOf, matchesOf, type Detector, type Span, type SpanType } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** What names a number of a person; the number is the first thing with digits behind it. */
export const labels: readonly (readonly [SpanType, string, RegExp])[] = [
  ['passport', 'passport', /passport|reisepass|passeport|pasaporte|passaporto/],
  [
    'driver_license',
    'driver_license',
    /driv(?:er|ing)(?:'?s)?\s+licen[cs]e|führerschein|permis de conduire|\bdl\b/,
  ],
  [
    'bank_account',
    'bank_account',
    /(?:bank|checking|savings|current|deposit)\s+(?:account|acct)|account\s+(?:number|no\b|num\b|#)|acct\.?\s*(?:number|no\b|#)|kontonummer|routing(?:\s+(?:number|no))?|sort\s+code|swift|bic\b|aba\b/,
  ],
  [
    'account_number',
    'account_number',
    /(?:patient|tenant|subscription|aws\s+account|directory|employee|member|customer|client|student|staff|subscriber|policy|insurance|claim|loan|case|docket|medical\s+record|badge|user|voter|order|booking|reservation|confirmation|tracking|invoice|ticket|reference|transaction|contract|project|serial|device|vehicle|registration|prescription|rx|enrol?lment|matriculation|certificate|permit|license|licence|tax(?:payer)?|national|health\s+card|military|alien|visa|medicare|medicaid|nhs|green\s+card|beneficiary|license\s+plate)\s*(?:id(?:entification)?|number|no|num|#|plate)s?\b|\b(?:mrn|ein|tin|uid|vin|pid|imei|imsi|aadhaa?r|pan|dni|nif|cpf|cnpj|pesel|bsn|curp|ssn|tfn|nino|nric)\b|\blicen[cs]e\s+plate/,
  ],
];

/** Something with a digit and at least five letters or digits, not a date, a price or a sum. */
const value =
  /[\s:#.,=(["'–-]{0,4}(?:(?:number|no|num|id|is|was|are|as|of|the|my|his|her|their|card|code|#)[.:]?[\s:#=("'–-]{1,3}){0,4}(?=[A-Z]{1,2} \d|[A-Z0-9-]{0,12}\d)[A-Z0-9](?:[A-Z0-9]|[ /-](?=[A-Z]*\d)|-(?=[A-Z]{2,}(?![A-Z]))){3,24}[A-Z0-9]/;

const kinds = labels.map(([type, name, label]) => ({
  ...kindOf(type, `labelled.${name}`, new RegExp(`(?:${label.source})${value.source}`, 'gi')),
  label: new RegExp(label.source, 'i'),
}));

/** Numbers that a word before them says belong to a person: passports, licences, accounts, patients, employees. */
export const labelledNumber: Detector = {
  name: 'labelled',
  find(text, facts = new TextFacts(text)) {
    if (!facts.hasAnchor(anchorOf.labels) || !/\d{2}/.test(text)) return [];
    return kinds.flatMap((kind): Span[] =>
      matchesOf(facts, kind, ([whole]) => {
        const number = whole.replace(kind.label, '').match(/[A-Z0-9][A-Z0-9 /-]*$/i)?.[0] ?? '';
        return number.replace(/[^\d]/g, '').length >= 4;
      }).map((span) => {
        // The label itself tells nothing.
        const from = text.slice(span.start, span.end).search(/(?<![A-Z0-9])(?=[A-Z0-9-]{0,12}\d)[A-Z0-9]/i);
        return { ...span, start: span.start + Math.max(0, from) };
      }),
    );
  },
};
