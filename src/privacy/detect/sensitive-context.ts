import { anchorOf } from './anchor-words.ts';
import { kindOf, matchesOf, type Detector, type SpanType } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * Health, law, money and secrets of a house, where somebody says them of himself, of somebody of his, or of his employer. What a
 * textbook says of patients and plaintiffs is no one's secret, so a possessive or a first person has to be there.
 */
const own = '(?:my|our)(?: own)?';
const kin =
  "(?:(?:wife|husband|partner|son|daughter|child|kid|baby|mother|father|mom|mum|dad|sister|brother|boss|colleague|friend|patient|client|employee|customer|tenant|student|neighbou?r|grand(?:mother|father|ma|pa)|parents?)(?:['’]s)?)";
const whose = `(?:${own} (?:${kin} )?(?:\\d{4} )?(?:\\p{L}+ ){0,2}?)`;

const condition =
  '(?:hiv|aids|cancer|tumou?r|leuk[a]?emia|lymphoma|diabet(?:es|ic)|depress(?:ion|ed)|anxiety|bipolar|schizophreni[ac]|adhd|autis(?:m|tic)|epilep(?:sy|tic)|asthma|hepatitis|herpes|syphilis|chlamydia|std|sti|ptsd|ocd|dementia|alzheimer|parkinson|multiple sclerosis|miscarriage|abortion|pregnan(?:t|cy)|infertil\\p{L}+|addict(?:ion|ed)|alcoholi[cs]m?|overdose|suicid\\p{L}+|self-harm|eating disorder|anorexia|bulimia|arthritis|lupus|crohn|celiac|hypertension|high blood pressure|heart (?:attack|disease|condition)|stroke|seizures?|migraines?|allerg(?:y|ic|ies)|kidney (?:stones?|failure|disease)|thyroid|chemo(?:therapy)?|dialysis|biopsy|insulin|antidepressants?|ssris?|lithium|methadone|zoloft|prozac|xanax|lexapro|adderall)';
const record =
  '(?:medical (?:records?|history|file|condition)|diagnos[ie]s|prescriptions?|medications?|lab results?|test results?|blood (?:type|test|work)|mri|x-?rays?|scan results?|symptoms?|surgery|therap(?:y|ist)|psychiatrist|treatment plan|health (?:records?|insurance|condition|plan)|disabilit(?:y|ies)|vaccination (?:status|record)|genetic test|dna|doctor said)';
const matter =
  '(?:lawyer|attorney|solicitor|divorce|custody|lawsuit|settlement|criminal record|arrest|conviction|probation|parole|immigration status|visa status|asylum|restraining order|deposition|subpoena|court (?:date|case|hearing)|legal (?:case|dispute|matter|advice)|bankruptcy|plea|will and testament|nda|alimony|child support)';
const money =
  '(?:salary|income|wages?|pay ?(?:check|cheque|slip|stub)s?|compensation|bonus|net worth|credit (?:score|report|history|limit)|mortgage|debts?|loans?|tax (?:returns?|records?|filing)|bank (?:account|statement|balance|details|login)|account balance|savings|investments?|portfolio|pension|401\\(?k\\)?|inheritance|w-?2|1099|billing address|transaction history|insurance claim)';
const house =
  '(?:unreleased|unannounced|upcoming|internal|confidential|proprietary|secret|private|draft|unpublished|pre-?release|classified) (?:\\p{L}+ ){0,2}?(?:product|merger|acquisition|earnings|results|roadmap|strategy|pricing|financials?|report|source code|codebase|algorithm|design|formula|recipe|document|memo|data|database|contract|plans?|launch|customer list|client list|forecast|revenue|budget|server|network|model)s?';

const { own: self, counsel, marked } = anchorOf;

/** Each begins with a word of its anchors. */
export const contextPatterns: readonly (readonly [SpanType, string, anchor: number, RegExp])[] = [
  [
    'health',
    'health.own',
    self,
    new RegExp(
      `\\b(?:i (?:have|had|suffer from|was diagnosed with|am diagnosed with|got diagnosed with|tested positive for|am being treated for|take|am taking|am on|was hospitalized for)|i['’](?:m|ve) (?:been )?(?:diagnosed with|taking|on|suffering from|living with|treated for|prescribed|recovering from)|i['’]?m\\b|i am|${whose}(?:has|had|have|is|was|suffers from|was diagnosed with|been diagnosed with|takes|tested positive for)?) ?(?:\\p{L}+ ){0,3}?${condition}\\b`,
      'iuy',
    ),
  ],
  ['health', 'health.record', self, new RegExp(`\\b${whose}${record}\\b`, 'iuy')],
  ['legal', 'legal.own', self, new RegExp(`\\b${whose}${matter}\\b`, 'iuy')],
  [
    'legal',
    'legal.self',
    self | counsel,
    /\b(?:i was|i got|i['’]ve been|i am being|i['’]m being|we are being) (?:arrested|charged|convicted|sued|indicted|deported|subpoenaed|evicted)\b|\battorney[- ]client (?:privileged|privilege(?=\s*[:—–])|communication)|\bprivileged and confidential\b/iuy,
  ],
  ['finance', 'finance.own', self, new RegExp(`\\b${whose}${money}\\b`, 'iuy')],
  [
    'finance',
    'finance.self',
    self,
    /\bi owe\b[^.?!\n]{0,24}\d[^.?!\n]{0,24}\b(?:debt|loans?|bank|irs|tax(?:es)?|credit cards?)\b|\bi (?:earn|make|owe|inherited|have saved|declared)\b[^.?!\n]{0,24}(?:[$€£]|\busd\b|\beur\b)\s?\d|\b(?:i|we) (?:filed for|am in) (?:bankruptcy|foreclosure)\b/iuy,
  ],
  [
    'confidential',
    'confidential.own',
    self,
    new RegExp(
      `\\b(?:my|our)(?: company(?:'s|’s)?| team(?:'s|’s)?| client(?:'s|’s)?| employer(?:'s|’s)?)? ${house}\\b`,
      'iuy',
    ),
  ],
  [
    'confidential',
    'confidential.marked',
    marked,
    /\b(?:strictly |company |highly )?confidential(?:ity)?\b(?=[^\n]{0,40}\b(?:do not|don['’]t|not (?:for|to be)|only|internal|document|agreement|information|memo|draft)\b)|\b(?:internal use only|for internal use|do not (?:distribute|share|forward)|not for (?:public )?(?:release|distribution)|under nda|eyes only|embargoed until)\b/iuy,
  ],
];

const kinds = contextPatterns.map(([type, detector, , pattern]) => kindOf(type, detector, pattern));

export const sensitiveContext: Detector = {
  name: 'context',
  find: (text, facts = new TextFacts(text)) => kinds.flatMap((kind) => matchesOf(facts, kind)),
};
