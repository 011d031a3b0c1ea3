import { waysOf, matchesOf, valueIn, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What people paste with a task: papers about a person, lists of names with pay, figures behind their names, records and notes as
 * they are kept, and what is said with them of who it is about. Whoever asks about such papers in general names nobody and nothing.
 */

const name = "\\p{Lu}[\\p{L}'’-]+";
const full = `${name}(?: ${name}){1,2}`;
const task =
  '(?:[Ww]rite(?: up)?|[Dd]raft|[Rr]e-?write|[Rr]e-?word|[Ss]umm?ari[sz]e|[Ss]horten|[Tt]ranslate|[Tt]urn|[Ff]ix|[Aa]nswer|[Pp]olish|[Pp]repare|[Cc]lean(?: up)?|[Pp]roof-?read|[Tt]one down|[Mm]ake|[Ee]xplain|[Rr]eply|[Pp]ut|[Hh]elp me (?:write|word|phrase|answer|draft))';
const letter =
  '(?:(?:formal |first |second |final |written )?(?:warning|reprimand)|discharge (?:letter|summary|note)|reference letter|letter of reference|referral|peer (?:feedback|review)|appraisal|(?:performance|appraisal) review|(?:last|final|eviction|termination) notice|notice of (?:termination|eviction|dismissal)|grievance|complaint|apology|appeal|statement|deposition|term comments?|report card|IEP|case notes?|session|progress note|exit interview|severance|obituary|eulogy|witness statement|confession)';
const amount = '[$€£]?\\d[\\d,.]*\\s?(?:k|m|mm|bn|million|thousand)\\b';
const metric =
  '(?:services|licen[cs]es|subscriptions|opex|capex|cogs|revenues?|sales|arr|mrr|burn|churn|cash|payables?|receivables?|ebitda|margin|gmv|bookings|pipeline|debt|runway|headcount|floor|list|walk[- ]away(?: under)?|owed to \\p{L}+|payroll|rent|tax|profit|loss|backlog|inventory|spend|cac|ltv|nps)';
const figure = `(?:${amount}|\\d[\\d,.]*\\s?%|\\d{1,3}(?:,\\d{3})+)`;

const kinds = waysOf([
  [
    'person',
    'handed.letter',
    new RegExp(
      `\\b${task}\\b[^.?!\\n]{0,40}?\\b${letter}\\b(?:[^.?!\\n]{0,80}?\\b(?:he|she|him|his|her|hers)\\b|[^.?!\\n]{0,40}?\\b(?:about|from|by|against|of|for|to) (?:(?:Dr|Mr|Mrs|Ms|Prof)\\.? )?(?!A\\b|An\\b|The\\b)${name}|:\\s*\\p{Ll}+)`,
      'gu',
    ),
  ],
  [
    'person',
    'handed.reply',
    new RegExp(
      `\\b(?:${task}|[Rr]espond to) (?:to )?(?:this|the|that|his|her) (?:ticket|mail|e-?mail|letter|message|complaint|note|text|chat|call|review|request|case)s? (?:from|by|of|to|with) (?:our |my )?(?!A\\b|The\\b)${name}`,
      'gu',
    ),
  ],
  [
    'finance',
    'handed.pay_list',
    new RegExp(
      `(?:^|[\\s:,;(])${name}(?: ${name})?[ :,-]{1,3}[$€£]?\\d{2,3}(?:k\\b|[,.]\\d{3}\\b)(?:[,;] ?| and |\\n)(?:and )?${name}(?: ${name})?[ :,-]{1,3}[$€£]?\\d{2,3}(?:k\\b|[,.]\\d{3}\\b)`,
      'gu',
    ),
  ],
  [
    'finance',
    'handed.figures',
    new RegExp(
      `\\b${metric}(?: at|:)? ${figure}(?:[,;.\\n]| and| vs\\.?| on)[^?!\\n]{0,24}?\\n?[^?!\\n]{0,16}?\\b${metric}(?: at|:)? ${figure}|\\b(?:q[1-4]|h[12]|fy ?\\d{2,4}|january|february|march|april|may|june|july|august|september|october|november|december|monthly|quarterly) actuals\\b|\\bactuals (?:for|of|vs|against)\\b`,
      'giu',
    ),
  ],
  [
    'finance',
    'handed.gap',
    new RegExp(
      `\\b(?:covenants? (?:on|of|in|for) (?:the|our) (?:\\p{L}+ )?(?:loan|facility|credit|notes?|bonds?|debt)|breach(?:es)? (?:the|our) (?:facility|covenants?)|(?:take|book|post|write) an? (?:impairment|write-?down|charge) of ${amount}|against (?:a|the|our) (?:plan|budget|target|forecast) of [$€£]?\\d|\\d+(?:\\.\\d+)? ?(?:%|percent) (?:under|below|over|above) (?:guidance|plan|budget|forecast|target)|cut (?:the|our) dividend|[Pp]rice list for (?:the )?(?:renewal|contract|tender|offer)|we are at \\d[\\d,.]*\\s?(?:k|m|bn|%))`,
      'gu',
    ),
  ],
  [
    'person',
    'handed.record',
    /(?:^|\n)[^\S\n]*(?:employee|name|patient|candidate|student|pupil|client|tenant|claimant|applicant|suspect|resident|member|donor)\s*[:;]\s*\p{L}[^\n]{0,40}\n[^\S\n]*[\p{L} ]{2,24}[:;]|(?:^|\n)[^\S\n]*(?:name|employee|student|candidate|patient)(?:[;,|\t] ?(?:team|rating|grade|salary|score|department|result|diagnosis|room|age|phone)){1,4}\s*\n|\breason for (?:leaving|dismissal|termination|absence|admission)\s*:|\b(?:interview|call|meeting|session|visit|lab|field) notes(?:,? (?:candidate|\d|with \p{L}|from \d|of (?:the|our|my)))/giu,
  ],
  [
    'person',
    'handed.described',
    new RegExp(
      `\\b(?:[Pp]atient|[Pp]t|[Pp]upil|[Cc]lient|[Cc]andidate|[Ss]tudent|[Dd]efendant) (?:is|was) (?:\\d{1,2}\\b,|an? \\d{1,2}[ -]?(?:yo|y\\/o)\\b)|\\b\\d{1,2} ?(?:yo|y\\/o) (?:boy|girl|man|woman|male|female|m|f)\\b|\\b(?:third|first|second|fourth|fifth|sixth|seventh|eighth|ninth|tenth) grader with (?:an? )?(?:dyslexia|adhd|autism|stutter|anxiety|epilepsy|hearing|speech|iep)\\b|\\binitials [A-Z]\\.? ?[A-Z]\\b|(?<=[.:;,\\n] |^)${name} (?:was|is|got|has been|will be) (?:suspended|expelled|excluded|sacked|disciplined|let go|hospitali[sz]ed|sectioned) (?:for|last|this|on|again|from|after)\\b|(?<=[.:;,\\n] |^)${name} (?:reads? (?:\\p{L}+ )?(?:years?|grades?) (?:behind|below)|has been late|misses (?:deadlines|meetings)|blames|lied to)\\b`,
      'gu',
    ),
  ],
  [
    'confidential',
    'handed.here',
    /\b(?:here(?:['’]s| is| are)|below (?:is|are)|attached (?:is|are)|these are|i(?:['’]m| am) (?:pasting|attaching|sharing)|i(?:['’]ve| have) (?:pasted|attached)) (?:you )?(?:our|my (?:company|team|client|boss|employer|firm)['’]s|the (?:internal|confidential|full|draft|raw|unredacted|latest)|all (?:our|the)) (?:[\p{L}\d-]+ ){0,4}?(?:lists?|data|database|records?|files?|source|code|repo|contracts?|agreements?|roadmap|pricing|prices|budget|forecast|financials|numbers|figures|results|strategy|plan|minutes|logs?|config\p{L}*|schema|deck|proposal|tender|chart|payroll|salaries|reviews|notes|transcript|export|dump|leads|emails?|keys?|credentials|policy|drawings?|design|formula|recipe)\b|\bhere is the org chart\b/giu,
  ],
  [
    'confidential',
    'handed.talking',
    /\b(?:talking points|holding statement|q&a|faq|speech|announcement|briefing|cover letter|memo|press statement)\b[^.?!\n]{0,40}?\b(?:for the day|for when|in case|once|before) (?:the|our|we|it)\b|\b(?:the )?(?:ceo|cfo|cto|coo|chair(?:man|woman)?|founder|minister|mayor|director)['’]s (?:talking points|speech|resignation|calendar|itinerary|mail|e-?mail|notes|bonus|pay|salary|divorce|illness)\b|\bholding statement\b[^.?!\n]{0,24}?\bpress\b|\bdear (?:board|shareholders|investors|partners|colleagues),? [^\n]{0,16}?\bi (?:have|am|will)\b|\b(?:keep|stay)s? (?:it |this )?(?:to|in|within) this (?:circle|room|group|team)\b/giu,
  ],
  [
    'confidential',
    'handed.agenda',
    /(?:^|\n)[^\S\n]*(?:\d\.|[-*•]|r\d)[^\S\n]*(?:closing|closure|sale|succession|layoffs?|redundanc\p{L}+|restructuring|acquisition|merger|dismissal|recall|strike|litigation|lawsuit|settlement|insolvency|supplier of|breach|investigation|reorgani[sz]ation)\b|\b(?:ceo|cfo|cto|coo) succession\b|\bminutes of the closed session\b|\brisk register\s*\n/giu,
  ],
  [
    'account_number',
    'handed.number',
    /\blast (?:four|4)(?: digits)?(?: are| is|:| of it are)? \d{4}\b|\b[Ee]xpir(?:es|y|ation)(?: date)?(?: is|:| on)? (?:0[1-9]|1[0-2]) ?\/ ?\d{2,4}\b|\b(?:[Rr]ef|[Rr]eference|PNR|[Bb]ooking|[Cc]onfirmation)(?: code| number| no\.?)?(?: is|:)? (?=[A-Z]*\d[A-Z\d]*\b|[A-Z]{6}\b)[A-Z0-9]{6}\b|\bborn in \p{Lu}[\p{L} ]{1,24} in \d{2}\b|\b[Mm]y (?:pin|PIN|password|passcode|code) is (?:the|my|her|his) (?:year|birthday|date|name|street|dog|first)\b/gu,
  ],
  [
    'secret',
    'handed.env',
    /\b[A-Z][A-Z0-9]*_(?:PASS|PWD|PW|PASSPHRASE|CREDENTIALS?|AUTH|DSN|SALT|SEED)=(?!["']?(?:\$|<|\{|x{3}|\*|your|change))["']?[^\s"'$<{]{4,128}|\bpass(?:word|wd|phrase)? is set to (?!["']?(?:the|a|an|null|none|empty|expire|true|false|your|never)\b)["']?[^\s"',;]{4,64}|\bcurl\b[^\n]{0,80}? -u ["']?[\w.@-]{2,40}:[^\s"']{3,64}/gu,
  ],
  [
    'person',
    'handed.of_named',
    new RegExp(
      `(?<=[\\p{Ll},:] |^)${name}['’]s (?:bonus|notice|probation|absences?|resignation|replacement|severance|diagnosis|biopsy|therapy|custody|parole|visa|work permit|grievance|appraisal) (?:this|because|before|after|for (?:this|the|next)|ends?|is|was|will|at|and|until|since|runs)\\b|\\b(?:emails?|messages|texts|files?|phone|laptop|calls|testimony|statement|accounts?) of (?:Mr|Mrs|Ms|Dr|Prof)\\.? ${name}|\\b(?:contact|call|mail|tell|ask|text) ${full} (?:about|that|on|at)\\b`,
      'gu',
    ),
  ],
]);

export const handedOver: Detector = {
  name: 'handed',
  find: (text, facts = new TextFacts(text)) =>
    kinds.flatMap((kind) => {
      const found = matchesOf(facts, kind);
      return kind.type === 'secret' ? found.map(valueIn(text)) : found;
    }),
};
