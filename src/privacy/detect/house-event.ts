import { anchorOf } from './anchor-words.ts';
import { matches, matchesAround, type Detector, type SpanType } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What happens in a house and is told before it is public, also where nobody says "our": deals and cuts with a day, figures behind
 * their names, incidents, complaints, offers. Classes as makers of data loss prevention list them; a textbook tells the same of
 * companies without a day, a sum or a name.
 */

const amount =
  '(?:[$€£¥₹]\\s?\\d[\\d,.]*(?:\\s?(?:million|billion|thousand|mm|bn|[kmb])\\b)?|\\d[\\d,.]*\\s?(?:million|billion|mm|bn)\\b)';
const soon =
  '(?:tomorrow|tonight|(?:next|this|early next|later this) (?:week|month|quarter|year|spring|summer|autumn|fall|winter)|(?:on|by|before|in|from|until|starting) (?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december|q[1-4]|the end of))';
const intends =
  '(?:will|plans? to|is planning to|are planning to|is set to|is about to|is going to|are going to|intends? to|agreed to|is in talks to|wants to|to)';

const patterns: readonly (readonly [SpanType, string, RegExp])[] = [
  [
    'confidential',
    'house.takeover',
    new RegExp(
      `\\b${intends} (?:(?:quietly|secretly|likely) )?(?:acquire|buy out|merge with|take over|divest|spin off|shut down|sell off|delist|file for bankruptcy)\\b[^.?!\\n]{0,80}?\\b${soon}\\b`,
      'giu',
    ),
  ],
  [
    'confidential',
    'house.cuts',
    new RegExp(
      `\\b${intends} (?:lay off|let go(?: of)?|cut|dismiss|terminate) (?:about |around |over |nearly |some )?\\d[\\d,.]*%? (?:of (?:our|its|the|all) )?(?:\\p{L}+ )?(?:employees|people|staff|workers|jobs|positions|engineers|roles)\\b[^.?!\\n]{0,48}?\\b${soon}\\b|\\b(?:layoff|severance|redundancy|termination|reduction[- ]in[- ]force) (?:list|plan|package|letter|announcement|date)s?\\b`,
      'giu',
    ),
  ],
  [
    'finance',
    'house.line',
    new RegExp(
      `(?:^|[\\n,;|(–-])\\s*(?:(?:total|net|gross|operating|annual|quarterly|monthly|projected|forecast) )*(?:revenue|arr|mrr|ebitda|burn(?: rate)?|run rate|valuation|turnover|gmv|cash balance|cash on hand|runway)(?: \\([^)\\n]{1,16}\\)| (?:q[1-4]|fy ?\\d{2,4}))?\\s*[:=]\\s*${amount}|\\b(?:arr|mrr|ebitda|burn rate|run rate|gmv)\\b[^.?!\\n]{0,24}?${amount}`,
      'giu',
    ),
  ],
  [
    'finance',
    'house.pay_of',
    new RegExp(
      `\\b(?:base |annual |starting |new )*(?:salary|compensation|bonus|severance|pay package|equity grant)(?: (?:will|is going to))? (?:rise|be raised|increase|be cut|go up|drops?) (?:to|by|from) ${amount}`,
      'giu',
    ),
  ],
  [
    'confidential',
    'house.unreleased',
    /\b(?:unreleased|unannounced|unpatched|undisclosed|pre-?release|stealth-mode) (?:[\p{L}\p{N}-]+ ){0,2}?(?:product|feature|prototype|phone|chip|model|device|game|album|film|drug|patent|vulnerabilit(?:y|ies)|exploit|bug|flaw|deal|acquisition|merger|results|earnings|financials|figures|numbers|version|update|design|roadmap|partnership)s?\b/giu,
  ],
  [
    'confidential',
    'house.incident',
    /\b(?:penetration test|pen ?test|red[- ]team|vulnerability (?:scan|assessment)|security audit|forensics?)(?:ing)? (?:findings?|results?|reports?)\b|\bour (?:\p{L}+ )?(?:servers?|systems?|network|databases?|website|app|backups?|accounts?|infrastructure|customers?) (?:was|were|got|has been|have been|is being|are being|are|is) (?:breached|hacked|compromised|leaked|encrypted|exfiltrated|stolen|exposed)\b|\bdata breach (?:affect|expos|involv|impact)\p{L}+ (?:[\d,.]+|our)\b|\bransom(?:ware)? (?:note|demand|attack) (?:on|against|at|for) (?:us|our)\b/giu,
  ],
  [
    'confidential',
    'house.personnel',
    /\bhr (?:complaint|investigation|case|grievance|file)s? (?:against|about|regarding|involving|concerning|on|for)\b|\b(?:put|placed|going|is|am|was) on an? (?:pip\b|performance improvement plan)|\b(?:harassment|misconduct) (?:complaint|allegation)s? (?:against|about) (?:my|our|one of)\b/giu,
  ],
  [
    'legal',
    'house.counsel',
    new RegExp(
      `\\b(?:our|my) (?:(?:outside|general|external|in-house|company) )*(?:counsel|legal (?:team|department))\\b|\\b(?:we|our|my)\\b[^.?!\\n]{0,48}?\\bsettl(?:e|ed|ing|ement)\\b[^.?!\\n]{0,32}?${amount}|\\blitigation hold\\b`,
      'giu',
    ),
  ],
  [
    'confidential',
    'house.round',
    new RegExp(
      `\\b(?:investor|pitch|board) deck\\b[^.?!\\n]{0,48}?(?:${amount}|\\braising\\b)|\\bterm sheet (?:from|with) (?:\\p{L}|\\d)|\\b(?:is|are|we['’]re|currently) raising (?:an? |our )?(?:series [a-f]\\b|seed\\b|${amount})|${amount} (?:pre|post)-?money|\\b(?:board|executive|leadership|management)(?: committee)? (?:meeting )?minutes\\b\\s?[,:(–-]`,
      'giu',
    ),
  ],
  [
    'finance',
    'house.offer',
    new RegExp(
      `\\b(?:new|internal|planned|enterprise|wholesale|floor) pric(?:e|ing) (?:for|of) [^.?!\\n]{2,40}? (?:will be|is going to be|changes to|goes to|drops to)\\b[^.?!\\n]{0,16}?${amount}|\\b(?:our|my|the) (?:bid|tender|counteroffer|reserve price)(?: (?:for|of|to|on)\\b[^.?!\\n]{2,48}?)? (?:is|was|will be|stands at|:) ?[^.?!\\n]{0,16}?${amount}|\\bbid for the [^.?!\\n]{2,40}? (?:is|was|will be) ${amount}`,
      'giu',
    ),
  ],
  [
    'confidential',
    'house.account',
    /\b[Ww]e (?:just |have |are |recently |might |may |will )*(?:lost|lose|losing|won|win|winning|signed|closed) (?:the )?\p{Lu}[\p{L}\p{N}&-]+(?: \p{Lu}[\p{L}\p{N}&-]+){0,2} (?:account|deal|contract|tender|renewal)\b/gu,
  ],
  [
    'confidential',
    'house.recipe',
    /\bsecret (?:ingredients?|formulas?|recipe|sauce|process) (?:in|of|for|to|behind) (?:our|my)\b|\binsider (?:info|tip)\b/giu,
  ],
];

/** Words of which each pattern has one. */
export const around = {
  core: /\b(?:acquire|buy out|merge with|take over|divest|spin off|shut down|sell off|delist|file for|lay off|let go|cut|dismiss|terminate|layoff|severance|redundancy|termination|reduction|revenue|arr|mrr|ebitda|burn|run rate|valuation|turnover|gmv|cash|runway|salary|compensation|bonus|pay package|equity grant|unreleased|unannounced|unpatched|undisclosed|pre-?release|stealth|penetration|pen ?test|red[- ]team|vulnerability|security audit|forensics?|breached|hacked|compromised|leaked|encrypted|exfiltrated|stolen|exposed|data breach|ransom(?:ware)?|hr|harassment|misconduct|(?:pip|performance improvement)|counsel|legal (?:team|department)|settl(?:e|ed|ing|ement)|litigation|investor|pitch|board|executive|leadership|management|term sheet|raising|(?:pre|post)-?money|pric(?:e|ing)|bid|tender|counteroffer|account|deal|contract|renewal|secret|insider)\b/iy,
  anchor: anchorOf.event,
  before: 96,
  after: 144,
};

/** Deals, cuts, figures, incidents and complaints of a house, before they are public. */
export const houseEvent: Detector = {
  name: 'house_event',
  find: (text, facts = new TextFacts(text)) =>
    matchesAround(facts, around, (part) =>
      patterns.flatMap(([type, detector, pattern]) => matches(part, pattern, { type, detector })),
    ),
};
