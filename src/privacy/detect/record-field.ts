import { anchorOf } from './anchor-words.ts';
import { kindsOf, matchesAround, valueIn, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** Fields of records and files, where a name and its value are all that is said: forms, notes, settings, headers of tables. */

/** What stands in the place of a value in code and in descriptions of forms. */
const noValue =
  '(?!(?:string|str|text|null|none|nil|true|false|required|optional|your[\\w-]*|my|the|an?|any|some|new|old|example|undefined|process|os|env|get|input|request|req|self|this|user|hash|hashed|md5|bcrypt|sha\\d*|varchar|char|int|integer|number|field|type|label|placeholder|name|value|data|form|args?|params?|config|settings|await|async|function|const|let|var|return|if|not|is|in|on|by|min|max|minimum|maximum|must|should|can|what|how|why|when|which|who|reset|change|forgot|forgotten|wrong|invalid|incorrect|protected|manager|policy|hashing|generator|strength|authentication|based|word|phrase|code|basic|bearer|secret|password|passwd|hidden|masked|redacted|xxx+)\\b|x{3}|\\*|\\.{2}|<|\\{|\\$|\\[|%|\\()';

const kinds = kindsOf([
  [
    'secret',
    'field.password',
    new RegExp(
      `(?:\\b|_)(?:password|passwd|passphrase|passcode|pass|pwd|secret)(?:["']?\\s*[:=]\\s*["']?|>)${noValue}[^\\s"'<>,;(){}\\[\\]]{4,64}(?=["'<,;)}\\]]|\\s*$|\\s*\\n)`,
      'giu',
    ),
  ],
  [
    'secret',
    'field.pair',
    /(?<![\w/.@-])(?:admin|root|administrator|sa)(?: \/ |:)(?=\w)[\w!@#$%-]{3,32}(?![\w/.:-])/giu,
  ],
  [
    'health',
    'field.clinical',
    /(?:^|[\n,;.(|]\s*)(?:(?:primary |admitting |final )?diagnosis|dx|hx|medical history|current medications?|allergies|blood (?:group|type)|hiv status|prognosis|chief complaint)\s*[:=]\s*(?=\p{L})(?!what|which|the most|is\b|n\/a|none\b)[\p{L}\d+][^\n]{1,60}|\b(?:therapy|session|case|progress|nursing|intake) notes (?:for|of|on|from) \p{L}|\bprescribed \d{1,4} ?(?:mg|mcg|ml)\b/giu,
  ],
  [
    'finance',
    'field.pay',
    /(?:^|[\n,;.(|]\s*)(?:(?:base|annual|monthly|net|gross|current) )?(?:salary|compensation|bonus|net worth|account balance|credit limit)\s*[:=]\s*[$€£]?\s?\d[\d,.]{2,}/giu,
  ],
  [
    'person',
    'field.table',
    /\b(?:name|id|email|first_?name|last_?name|customer|employee|patient)\s*[,;|\t]\s*(?:[\w ]{1,24}[,;|\t]\s*){0,8}?(?:ssn|social_?security|password|salary|dob|birth_?date|date_?of_?birth|credit_?card|card_?number|phone|diagnosis|iban|home_?address)\b/giu,
  ],
  [
    'confidential',
    'field.attached',
    /\b(?:salaries|payroll|payslips?|contracts?|medical records?|lab results|passport(?: scan| copy)?|bank statements?|customer list|client list|financials|source code|credentials|passwords|minutes|performance reviews?|tax returns?|nda|term sheet|cap table|board deck|x-?rays?|mri) (?:(?:is|are) )?(?:attached|enclosed|pasted below|below|as follows)\b|\bconfidential (?:project|matter|case|file|document|memo|report|figures|data|draft|minutes)\s*[:—–-]/giu,
  ],
]);

export const around = {
  core: /(?:\b|(?<=_))(?:(?:password|passwd|passphrase|passcode|pass|pwd|secret)(?:["']?\s*[:=]|>)|(?:admin|root|administrator|sa)(?: \/ |:)|(?:(?:primary |admitting |final )?diagnosis|dx|hx|medical history|(?:current )?medications?|allergies|blood (?:group|type)|hiv status|prognosis|(?:chief )?complaint)\s*[:=]|(?:therapy|session|case|progress|nursing|intake) notes|prescribed \d|(?:salary|compensation|bonus|net worth|account balance|credit limit)\s*[:=]|(?:name|id|email|first_?name|last_?name|customer|employee|patient)\s*[,;|\t]|(?:salaries|payroll|payslips?|contracts?|medical records?|lab results|passport(?: scan| copy)?|bank statements?|customer list|client list|financials|source code|credentials|passwords|minutes|performance reviews?|tax returns?|nda|term sheet|cap table|board deck|x-?rays?|mri) (?:(?:is|are) )?(?:attached|enclosed|pasted|below|as follows)|confidential (?:project|matter|case|file|document|memo|report|figures|data|draft|minutes)\s*[:—–-])/iy,
  anchor: anchorOf.fields,
  before: 24,
  after: 128,
};

export const recordField: Detector = {
  name: 'field',
  find: (text, facts = new TextFacts(text)) =>
    matchesAround(facts, around, kinds, (span, part) =>
      span.type === 'secret' && span.detector !== 'field.pair' ? valueIn(part)(span) : span,
    ),
};
