import { anchorOf } from './anchor-words.ts';
import { kindsOf, matchesAround, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What a house is doing and has not said: what it buys, closes, drops, raises and decides, told as it is under way, papers with a
 * named other side, limits of a negotiation, and who has not been told. A textbook speaks of firms, not of "we" and not of who must not know.
 */

const named = '\\p{Lu}[\\p{L}\\p{N}&.-]+';
const day =
  '(?:tomorrow|tonight|(?:next|this|early next|later this) (?:week|month|quarter|year|spring|summer|autumn|fall|winter)|(?:on|by|before|in|from|until|after|for) (?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december|christmas|q[1-4]|h[12]|the (?:spring|summer|autumn|fall|winter|end of)))';
const asset =
  '(?:company|business|firm|unit|division|plant|factory|site|office|branch|store|stake|brand|line|product|subsidiary|team|department|market|service|app|game|campaign|project|merger|deal|contract|building|warehouse|headquarters|\\p{Lu}\\p{L}+)';
const soon = '(?:planned|scheduled|set|due|expected|approved|decided|coming|happening)';

const kinds = kindsOf([
  [
    'confidential',
    'house.doing',
    new RegExp(
      `\\b[Ww]e(?:['’]re| are)(?: (?:secretly|quietly|currently|now|also))* (?:acquiring|buying out|merging with|laying off|letting (?:go|${named})|cutting (?:about |around |over )?(?:\\d|jobs|staff|headcount)|firing|dismissing|discontinuing|divesting|offshoring|suing|in (?:secret |early |advanced |final )?(?:talks|negotiations) with|negotiating with|pulling out of|being (?:acquired|bought|sued|investigated|audited|taken over)|(?:closing|selling|dropping|shutting down|moving|leaving|entering) (?:the |our )(?:\\p{L}+ ){0,2}${asset}|buying ${named}(?: ${named})*(?= for| in| next| from|,))`,
      'gu',
    ),
  ],
  [
    'confidential',
    'house.going_to',
    new RegExp(
      `\\b[Ww]e(?:['’]ll| will| are going to|['’]re going to| plan to| intend to| have decided to| decided to| agreed to)(?: (?:secretly|quietly|probably|likely|not))* (?:(?:discontinue|sunset|recall|rebrand|outsource|offshore|restate|lay off|let ${named}|fire ${named}|dismiss|shut down|delay|scrap)\\b|(?:raise|increase|cut|lower|double) (?:the |our |all )?(?:\\p{L}+ )?(?:prices?|fees?|rates?|dividend|salaries|budget|headcount|bonus(?:es)?|guidance)\\b|(?:drop|close|sell|leave|exit|kill|replace|move) (?:the |our )(?:\\p{L}+ ){0,2}${asset}\\b|(?:file for|go into) (?:insolvency|bankruptcy|administration|receivership)|(?:miss|beat|exceed|fall short of) (?:our |the )?(?:numbers|guidance|targets?|forecast|plan|estimates|budget))`,
      'gu',
    ),
  ],
  [
    'confidential',
    'house.decided',
    new RegExp(
      `\\b(?:[Oo]ur|[Tt]he company['’]s) (?:board|directors|shareholders|investors?|lead investor|founders?|owners?|parent company|headquarters|management|executives|leadership|lender|bank)(?: (?:will|is going to|has|have|just|secretly))* (?:votes?|voted|voting|approved?|rejected?|decided?|agreed?|blocked?|wants? to|plans? to|intends? to|pulled|pulls|demands?|withdrew)\\b`,
      'gu',
    ),
  ],
  [
    'confidential',
    'house.decided',
    new RegExp(
      `\\bthe board (?:approved|rejected|voted|decided|agreed|will vote|votes)\\b[^.?!\\n]{0,64}?\\b${day}`,
      'giu',
    ),
  ],
  [
    'confidential',
    'house.paper_with',
    new RegExp(
      `\\b(?:LOI|MoU|MOU|NDA|SPA|[Ll]etter of intent|[Tt]erm sheet|[Ee]xclusivity|[Dd]ue diligence|[Nn]on-binding offer|[Bb]inding offer|[Tt]akeover bid|[Mm]emorandum of understanding|[Rr]etainer|[Ff]ramework agreement|[Ee]arn-?out|[Ll]icen[cs]e deal|[Ss]upply contract|[Dd]istribution agreement) (?:with|on|for|from|to) (?!The\\b|A\\b)${named}|\\b(?:secret|confidential|private|closed-door|ongoing|exclusive) (?:talks|negotiations|discussions|meetings?) with ${named}|\\b${named} wants exclusivity\\b`,
      'gu',
    ),
  ],
  [
    'confidential',
    'house.schedule',
    new RegExp(
      `\\b(?:spin-?off|closure|sale|relocation|carve-?out|divestment|divestiture|restructuring|recall|launch|release|reorgani[sz]ation|lay-?offs?|downsizing|rollout|shutdown|takeover|merger|acquisition|ipo|price (?:increase|rise|cut)) of (?:the|our) [^.?!\\n]{2,40}? (?:is|are|was|will be) (?:now )?(?:(?:being )?announced|${soon})\\b`,
      'giu',
    ),
  ],
  [
    'confidential',
    'house.untold',
    /\b(?:nobody|no one|no-one) (?:outside|inside|else|in (?:the|our|my)|at (?:the|our|my|work))\b[^.?!\n]{0,32}? (?:knows?|has been told|may know|must know)\b|\b(?:customers|clients|employees|staff|investors|suppliers|competitors|shareholders|the (?:team|press|media|public|market|markets|board|union|unions|works council|staff|client|customer|employees|workers|family|other side)|my (?:wife|husband|parents|boss|family|girlfriend|boyfriend|manager|employer|colleagues|kids|children|team|mother|father|mom|dad|partner)|our (?:customers|clients|staff|team|employees|investors|board|competitors|suppliers|parents|kids)) (?:(?:do(?:es)?(?:n['’]t| not)(?: yet)? know|ha(?:s|ve)(?:n['’]t| not)(?: yet)? been told|ha(?:s|ve) no idea|must (?:not|never) (?:know|find out|learn|hear)|can(?:['’]t|not) (?:know|find out)|should(?:n['’]t| not) (?:know|find out)|know nothing)\b)|\b(?:does(?:n['’]t| not)|do(?:n['’]t| not)) know (?:yet|about (?:it|this|that) yet)\b|\bhas not been told (?:yet|about|of)\b|\bnot (?:yet )?(?:published|announced|disclosed) yet\b|\bnot announced\b(?=[.,;!]|$)|\bkeep (?:it|this|that) (?:quiet|under the radar|low-key)\b/giu,
  ],
  [
    'confidential',
    'house.limit',
    /\b(?:negotiati(?:on|ng) (?:limit|position|floor|ceiling|strategy|mandate)\b[^.?!\n]{0,8}?(?::|\bis\b|\bwas\b)|walk-?away (?:price|point)|(?:lowest|highest|best) (?:price|offer|bid) we (?:can|could|would|will)|we (?:can|could|would|will|may) (?:go|come) (?:down|up|as low|as high) (?:to|as)|we (?:would|will|['’]d) accept (?:anything|as little|as low|less))/giu,
  ],
  [
    'confidential',
    'house.rivalry',
    new RegExp(
      `\\b[Ww]e(?: (?:keep|are|often|always|usually))? (?:lose|lost|losing|win|winning|undercut|poached|copied) (?:to |against |from )?${named}\\b[^.?!\\n]{0,32}?\\b(?:price|tenders?|deals?|bids?|market share|contracts?|accounts?|\\d)`,
      'gu',
    ),
  ],
  [
    'confidential',
    'house.prototype',
    /\b(?:the|our|this) (?:\p{L}+ )?prototype (?:overheats?|fail(?:s|ed)|crash(?:es|ed)|leak(?:s|ed)|breaks?|broke|weighs|reaches|needs|drains|cannot|can['’]t)\b|\bthe trial (?:of|for) (?:compound |drug |candidate |our )?[\p{L}\d-]+ (?:failed|missed|met|showed|was (?:halted|stopped))\b[^.?!\n]{0,40}?\b(?:endpoint|embargo|unpublished|not (?:yet )?(?:public|published))/giu,
  ],
  [
    'finance',
    'house.trend',
    /\b(?:gross|net|operating|profit|contribution)? ?(?:margins?|churn|sales|orders|bookings|revenues?|turnover|arr|mrr|headcount|cash|market share) (?:on|of|for|in|at) (?:the|our) [^.?!\n]{2,32}? (?:dropped|fell|rose|grew|slipped|declined|went|improved|jumped|shrank|climbed) from [$€£]?\d[\d.,]*\s?(?:%|percent|[mk]\b|million)? to [$€£]?\d/giu,
  ],
  [
    'finance',
    'house.paid',
    new RegExp(
      `\\b(?:he|she|they|who) (?:makes?|earns?|gets?|is paid|are paid|made|earned) (?:about |around |over |nearly )?(?:[$€£]\\s?)?\\d{2,3}k\\b|\\bwe (?:price|sell|charge|bill|offer|quote)\\b[^.?!\\n]{0,32}?\\b(?:plan|licen[cs]e|seat|package|tier|subscription|contract|retainer|unit)\\b[^.?!\\n]{0,24}?\\b(?:at|for) (?:[$€£]\\s?)?\\d|\\bbridge (?:loan|financing|round) (?:of|from|for)\\b`,
      'giu',
    ),
  ],
]);

export const around = {
  core: /\b(?:we(?:['’]re| are|['’]ll| will| plan| intend| have decided| decided| agreed| (?:keep |are |often |always |usually )?(?:lose|lost|losing|win|winning|undercut|poached|copied)| (?:can|could|would|may|price|sell|charge|bill|offer|quote|['’]d))\b|we['’]d accept|our (?:board|directors|shareholders|investors?|lead|founders?|owners?|parent|headquarters|management|executives|leadership|lender|bank)|company['’]s (?:board|directors|shareholders|investors?|owners?|management|executives|leadership|lender|bank)|board (?:approved|rejected|voted|decided|agreed|will vote|votes)|(?:loi|mou|nda|spa|letter of intent|term sheet|exclusivity|due diligence|(?:non-)?binding offer|takeover bid|memorandum of|retainer|framework agreement|earn-?out|licen[cs]e deal|supply contract|distribution agreement) (?:with|on|for|from|to|understanding)|(?:secret|confidential|private|closed-door|ongoing|exclusive) (?:talks|negotiations|discussions|meetings?)|wants exclusivity|(?:spin-?off|closure|sale|relocation|carve-?out|divestment|divestiture|restructuring|recall|launch|release|reorgani[sz]ation|lay-?offs?|downsizing|rollout|shutdown|takeover|merger|acquisition|ipo|price (?:increase|rise|cut)) of (?:the|our)|(?:nobody|no one|no-one) (?:outside|inside|else|in|at)|do(?:es)?(?:n['’]t| not)(?: yet)? know|ha(?:s|ve)(?:n['’]t| not)(?: yet)? been told|ha(?:s|ve) no idea|must (?:not|never) (?:know|find|learn|hear)|can(?:['’]t|not) (?:know|find)|should(?:n['’]t| not) (?:know|find)|know nothing|not (?:yet )?(?:published|announced|disclosed)|keep (?:it|this|that) (?:quiet|under|low)|negotiati(?:on|ng) (?:limit|position|floor|ceiling|strategy|mandate)|walk-?away (?:price|point)|(?:lowest|highest|best) (?:price|offer|bid) we|prototype|trial (?:of|for)|(?:margins?|churn|sales|orders|bookings|revenues?|turnover|arr|mrr|headcount|cash|market share) (?:on|of|for|in|at) (?:the|our)|(?:he|she|they|who) (?:makes?|earns?|gets?|is paid|are paid|made|earned) |bridge (?:loan|financing|round))/iy,
  anchor: anchorOf.unannounced,
  before: 72,
  after: 128,
};

/** What a house is doing, has decided or will not say, before it is known. */
export const unannounced: Detector = {
  name: 'unannounced',
  find: (text, facts = new TextFacts(text)) => matchesAround(facts, around, kinds),
};
