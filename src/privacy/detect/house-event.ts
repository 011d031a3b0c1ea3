import { anchorOf } from './anchor-words.ts';
import { kindsOf, matchesAround, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What happens in a house and is told before it is public, also where nobody says "our": deals and cuts with a day, figures behind
 * their names, incidents, complaints, offers. Classes as makers of data loss prevention list them; a textbook tells the same of
 * companies without a day, a sum or a name.
 */

const amount =
  '(?:[$€£¥₹]\\s?\\d[\\d,.]*(?:\\s?(?:million|billion|thousand|mm|bn|[kmb])\\b)?|\\d[\\d,.]*\\s?(?:million|billion|mm|bn)\\b)';
const scaled = '(?:[$€£¥₹]\\s?)?\\d[\\d,.]*\\s?(?:million|billion|thousand|mm|bn|[kmb])\\b';
const soon =
  '(?:tomorrow|tonight|(?:next|this|early next|later this) (?:week|month|quarter|year|spring|summer|autumn|fall|winter)|(?:on|by|before|in|from|until|starting) (?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december|q[1-4]|the end of))';
const intends =
  '(?:will|plans? to|is planning to|are planning to|is set to|is about to|is going to|are going to|intends? to|agreed to|is in talks to|wants to|to)';

const kinds = kindsOf([
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
  [
    'finance',
    'house.results',
    new RegExp(
      `\\bnet loss(?:es)? of ${scaled}|\\bearnings per share (?:will|are expected|is expected)\\b|\\bwe (?:will|are going to|expect to|plan to|['’]ll) (?:report|post|miss|beat|restate)\\b[^.?!\\n]{0,32}?\\b(?:loss|earnings|revenue|results|guidance|profit)\\b|\\b(?:guidance|outlook)(?: for [^.?!\\n]{2,24}?)? (?:is|was|will be) (?:cut|raised|lowered|withdrawn)\\b`,
      'giu',
    ),
  ],
  [
    'finance',
    'house.worth',
    new RegExp(
      `\\b(?:contract|deal|renewal|agreement|account|retainer)\\b[^.?!\\n]{0,48}?\\bworth (?:about |around |over )?${scaled}|\\bpays? us\\b[^.?!\\n]{0,24}?[$€£]\\s?\\d|\\b(?:salaries|payroll|bonuses|compensation)(?: (?:file|list|sheet|data))?\\s*:[^\\n]{0,64}?\\d{2}`,
      'giu',
    ),
  ],
  [
    'confidential',
    'house.leaver',
    /\b(?:ceo|cfo|cto|coo|cio|cmo|ciso)\b[^.?!\n,]{0,32}? (?:will|is going to|is about to|plans to|is set to|wants to|is) (?:(?:quietly|secretly) )?(?:resign|resigning|step down|stepping down|leave|leaving|be (?:fired|replaced|ousted)|retire|quit|quitting)\b/giu,
  ],
  [
    'confidential',
    'house.file',
    /\b(?:[Pp]erformance|[Aa]nnual|[Ee]mployee) (?:review|appraisal|evaluation)s?(?: (?:for|of)|:) (?=\p{Lu}\p{Ll})|\b(?:[Cc]ustomer|[Cc]lient|[Vv]endor|[Ss]upplier|[Ee]mployee|[Dd]onor|[Mm]ember|[Pp]atient|[Cc]ontact)s? (?:list|roster|database|export)\s*:|\b(?:[Tt]op|[Kk]ey|[Bb]iggest|[Ll]argest|[Mm]ain) (?:clients?|customers?|suppliers?|accounts?) (?:is|are|include|includes|:) \p{Lu}|\b(?:[Ss]upplier|[Vv]endor|[Cc]ontractor|[Dd]istributor) (?:quote|bid|invoice)s? from \p{Lu}|\b(?:[Ss]upplier|[Vv]endor|[Cc]ontractor|[Dd]istributor) \p{Lu}\p{L}+ (?:raised|quoted|charges|offered|wants)\b|\bNDA (?:with|between|for) (?=\p{Lu})|\b(?:[Gg]rade report|[Rr]eport card|[Tt]ranscript|IEP|[Dd]isciplinary (?:record|report)) (?:for|of) (?:student )?\p{Lu}\p{Ll}+|\b[Tt]he new (?:logo|product|model|version|album|film|feature|phone|game|collection|campaign|brand) (?:will be|is going to be|gets) (?:revealed|unveiled) (?:on|at|in|next)\b|\b[Ii]nvestigation (?:into|of) \p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+ (?:for|over)\b|\b[Ss]everance (?:of|for|offer)\b[^.?!\n]{0,40}? \p{Lu}\p{Ll}+/gu,
  ],
  [
    'confidential',
    'house.patent',
    /\b(?:patent (?:application|disclosure)|invention disclosure)s?(?: draft)?\s*[:–]|\b(?:not|haven['’]t|before we) (?:yet )?filed? (?:the|a|our|for a) patent\b|\bproprietary (?:[\p{L}-]+ ){0,3}(?:(?:that )?we|of ours|developed in-house)\b|\blayoffs? (?:discussed|planned|approved|will be|are coming)\b|\bcode ?-?name (?:for|of) (?:our|the new|the next|the upcoming)\b/giu,
  ],
  [
    'legal',
    'house.matter',
    /\b(?:client|legal) matter (?:no\.? ?|number |# ?|id )?\d|\b(?:defendant|plaintiff|witness|judge|opposing counsel) in (?:our|my) case\b/giu,
  ],
]);

/** What each pattern has in it somewhere; the rest of it stands near. Long, so that a text about prices and customers is passed over. */
const signs = [
  'acquire|buy out|merge with|take over|divest|spin off|shut down|sell off|delist|file for bankruptcy',
  '(?:lay off|let go(?: of)?|cut|dismiss|terminate) (?:about |around |over |nearly |some )?\\d',
  '(?:layoff|severance|redundancy|termination|reduction[- ]in[- ]force) (?:list|plan|package|letter|announcement|date|of|for|offer)|layoffs',
  '(?:arr|mrr|ebitda|burn|run rate|gmv)\\b|(?:revenue|valuation|turnover|cash balance|cash on hand|runway)\\b[^\\n]{0,20}[:=]',
  '(?:salary|compensation|bonus|severance|pay package|equity grant)(?: (?:will|is going to))? (?:rise|be raised|increase|be cut|go up|drop)',
  'unreleased|unannounced|unpatched|undisclosed|pre-?release|stealth-mode',
  'penetration test|pen ?test|red[- ]team|vulnerability (?:scan|assessment)|security audit|forensic|breached|hacked|compromised|leaked|encrypted|exfiltrated|stolen|exposed|data breach|ransom',
  'hr (?:complaint|investigation|case|grievance|file)|harassment|misconduct|pip\\b|performance improvement',
  'counsel\\b|legal (?:team|department)|(?:client|legal) matter|settl(?:e|ed|ing|ement)\\b[^.?!\\n]{0,32}?[$€£¥₹\\d]|litigation hold',
  '(?:investor|pitch|board) deck|term sheet|raising|(?:pre|post)-?money|(?:board|executive|leadership|management)(?: committee)? (?:meeting )?minutes',
  'pric(?:e|ing) (?:for|of) [^.?!\\n]{2,40}? (?:will be|is going|changes|goes|drops) ?|bid\\b|tender\\b|counteroffer|reserve price',
  "we(?:[’'](?:ll|ve|re))?(?: [a-z]+){0,4}? (?:lost|lose|losing|won|win|winning|signed|closed|report|post|miss|beat|restate)\\b",
  'secret (?:ingredient|formula|recipe|sauce|process)|insider (?:info|tip)|net loss|earnings per share|guidance|outlook',
  'worth (?:about |around |over )?[$€£¥₹\\d]|pays? us|(?:salaries|payroll|bonuses|compensation)(?: (?:file|list|sheet|data))?\\s*:',
  '(?:ceo|cfo|cto|coo|cio|cmo|ciso)\\b',
  '(?:performance|annual|employee) (?:review|appraisal|evaluation)|(?:customer|client|vendor|supplier|employee|donor|member|patient|contact)s? (?:list|roster|database|export)\\s*:',
  '(?:top|key|biggest|largest|main) (?:clients?|customers?|suppliers?|accounts?) (?:is|are|include|:)',
  '(?:supplier|vendor|contractor|distributor) (?:(?:quote|bid|invoice)s? from|[a-z]+ (?:raised|quoted|charges|offered|wants))',
  "nda\\b|investigation (?:into|of)|(?:patent|invention) (?:application|disclosure)|(?:not|haven[’']t|before we) (?:yet )?filed?",
  'grade report|report card|transcript (?:for|of)|iep\\b|disciplinary (?:record|report)|(?:revealed|unveiled) (?:on|at|in|next)',
  'proprietary|code ?-?name (?:for|of)|(?:defendant|plaintiff|witness|judge|opposing counsel) in (?:our|my)',
];
export const around = {
  core: new RegExp(`\\b(?:${signs.join('|')})`, 'iy'),
  anchor: anchorOf.event,
  before: 96,
  after: 144,
};

/** Deals, cuts, figures, incidents and complaints of a house, before they are public. */
export const houseEvent: Detector = {
  name: 'house_event',
  find: (text, facts = new TextFacts(text)) => matchesAround(facts, around, kinds),
};
