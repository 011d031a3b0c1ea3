import { anchorOf } from './anchor-words.ts';
import { kindsOf, matchesAround, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What a house does not tell: figures before they are public, plans, deals, people who will have to go, names of projects and of
 * customers. Textbooks speak of companies too, so that somebody has to speak of his own.
 */

const amount =
  '(?:[$€£¥₹]\\s?\\d[\\d,.]*(?:\\s?(?:million|billion|thousand|crore|lakh|mm|bn|[kmb])\\b)?|\\d[\\d,.]*\\s?(?:%|percent|k\\b|m\\b|million|billion|usd|eur|gbp|dollars|euros|pounds))';
const figure =
  '(?:revenues?|turnover|profits?|earnings|ebitda|margins?|sales|losses|burn(?: rate)?|runway|arr|mrr|valuation|funding|budget|forecast|cash(?: flow| position| balance)?|debt|churn(?: rate)?|pipeline|headcount|costs?|pricing|prices?|discount|commission|salar(?:y|ies)|payroll|bonus(?:es)?|compensation|stock options|equity|guidance|growth|conversion rate|market share)';
const ours =
  "(?:our|my company['’]s|my employer['’]s|my client['’]s|our company['’]s|the company['’]s internal|we(?: are|['’]re)?)";
const secretly =
  '(?:unreleased|unannounced|upcoming|internal|confidential|proprietary|undisclosed|non-?public|unpublished|preliminary|secret|stealth)';
const deal =
  '(?:acquir(?:e|ing)|merg(?:e|ing) with|buy(?:ing)? out|tak(?:e|ing) over|sell(?:ing)? (?:the|our) (?:company|business|division|unit)|divest(?:ing)?|go(?:ing)? public|fil(?:e|ing) (?:for )?(?:an? )?(?:ipo|s-1|bankruptcy|chapter 11)|lay(?:ing)? off|let(?:ting)? go|cut(?:ting)? \\d+|terminat(?:e|ing)|restructur(?:e|ing)|shut(?:ting)? down|clos(?:e|ing) (?:the|our)|rais(?:e|ing) (?:a )?(?:series|seed|[$€£])|announc(?:e|ing)|launch(?:ing)?|releas(?:e|ing)|patent(?:ing)?|settl(?:e|ing) (?:the|with)|outsourc(?:e|ing)|replac(?:e|ing) (?:our|the) (?:ceo|cto|cfo|vendor|supplier|head))';
const plans =
  "(?:we|our (?:company|team|firm|board|ceo|cfo|client|startup)|my (?:company|team|firm|boss|client|employer|startup))(?: (?:are|is|were|was|will be)|['’](?:re|s|ll))? (?:(?:also|currently|secretly|quietly|probably|now|still) )*(?:about to |set to |in talks (?:to|with)|planning (?:to|on)|going to|looking to|preparing (?:to|for)|considering|negotiating|expected to|hoping to|close to|scheduled to|will|plans? to|intends? to|wants? to|to)";
const company = '\\p{Lu}[\\p{L}\\p{N}&.-]+(?: \\p{Lu}[\\p{L}\\p{N}&.-]+){0,3}';
const party =
  '(?:clients?|customers?|suppliers?|vendors?|partners?|prospects?|accounts?|investors?|contractors?|competitors?|tenants?|patients?|donors?|subscribers?)';

/** Of projects that everybody knows, and words behind which no name follows. */
const knownProjects =
  '(?:Gutenberg|Euler|Manhattan|Apollo|Overlord|Barbarossa|Desert|Market|Torch|Neptune|Husky|Dynamo|Mincemeat|Paperclip|Condor|Valkyrie|Linebacker|Rolling|Enduring|Iraqi|Babylift|Gunnerside|Sea|MERCY|Head|PUSH|Management|Manager|Managers|Runway|Head|Mercury|Gemini|MKUltra|Blue|Zero|Proposal|Plan|Planning|Report|Team|Charter|Scope|Lead|Leader|Director|Description|Title|Name|Overview|Goals?|Requirements|Timeline|Budget|Status|Work|Structure|Setup|Files?|Board|Ideas?|Details|Summary|Background|Number|Code|Based|Gantt|Jupyter|Reactor|Loom|Valhalla|Panama|Lombok|Fi|Looking|Hail|Veritas|STAR|A|I|II|III|Is|The|In|For|And|Of|On)';

const kinds = kindsOf([
  [
    'finance',
    'house.figure',
    new RegExp(
      `\\b(?:${ours}|(?:q[1-4]|h[12]|fy ?\\d{2,4}|fiscal year|quarterly|annual|projected|${secretly})(?: \\d{4})?(?: ${secretly})?) (?:[\\p{L}\\p{N}/'’-]+ ){0,4}?${figure}[^.?!\\n]{0,64}?${amount}`,
      'giu',
    ),
  ],
  [
    'finance',
    'house.amount',
    new RegExp(
      `\\b(?:we|our (?:company|team|firm|startup|division|department)|my (?:company|firm|startup|employer))(?: (?:have|has|had|only|just|also|currently|really|actually))* (?:made|earned|lost|raised|spent|paid|owe|owes|charge|charges|pay|pays|billed|booked|generated|closed|burn|invoiced|wired|transferred|budgeted|sold|offered|quoted|bid)\\b[^.?!\\n]{0,48}?${amount}`,
      'giu',
    ),
  ],
  [
    'finance',
    'house.pay',
    new RegExp(
      `\\b(?:salary|pay|wage|compensation|bonus|package|severance|raise|hourly rate) (?:of|for|to) (?:our |my |the )?(?:[\\p{L}'’]+ ){0,3}?[\\p{L}'’]+(?: (?:is|was|will be|to|at)|:) ?${amount}|\\b(?:my|our|her|his|their|${company}['’]s) (?:current |base |annual |monthly |starting |total |new |gross |net )*(?:salary|pay|wage|compensation|bonus|severance|package|credit score|net worth|account balance|mortgage|debt|loan|rent|income|tax bill)(?: (?:is|was|of|will be|at|went|rose|goes)|:)[^.?!\\n]{0,24}?(?:${amount}|\\b\\d{3,}\\b)`,
      'giu',
    ),
  ],
  [
    'finance',
    'house.quarter',
    new RegExp(
      `\\b${figure} (?:for|in|of|during) (?:the )?(?:q[1-4]|h[12]|fy ?\\d{2,4}|(?:first|second|third|fourth|last|next|this|current) (?:quarter|half|fiscal year))\\b[^.?!\\n]{0,64}?${amount}`,
      'giu',
    ),
  ],
  [
    'finance',
    'house.balance',
    new RegExp(
      `\\b(?:account|card|loan|mortgage|savings|checking|portfolio|outstanding|current) balance(?: (?:is|was|of|at|stands at)|:)? ?${amount}|\\b(?:wire|wired|transfer(?:red)?|deposit(?:ed)?|payment|paid|send|sent)\\b[^.?!\\n]{0,32}?${amount}[^.?!\\n]{0,32}?\\b(?:to|from|into) (?:the |my |our |his |her |their )?(?:bank )?(?:account|acct|iban)\\b`,
      'giu',
    ),
  ],
  [
    'confidential',
    'house.deal',
    new RegExp(
      `\\b(?:merger|acquisition|takeover|buyout|joint venture|partnership) (?:between|of|with|by) ${company}(?:[^.?!\\n]{0,48})?\\b(?:closes?|closing|will|expected|planned|scheduled|talks|negotiat\\p{L}+|next (?:week|month|quarter|year)|announce[sd]?|confidential|secret)\\b`,
      'gu',
    ),
  ],
  [
    'confidential',
    'house.paper',
    /\binternal (?:memo(?:randum)?|only|strategy|roadmap|email|report|presentation|audit|investigation|policy draft|announcement|document(?:ation)?)(?: (?:says|states|about|on|regarding|from|for|dated)\b|\s*:)|\b(?:layoffs?|redundanc(?:y|ies)|job cuts|terminations?|restructuring|price increase|recall)(?: (?:are|is|will be))? (?:planned|scheduled|coming|expected|to be announced)\b|\b(?:contract|agreement|nda|deal|terms|lease|settlement) (?:between us and|we (?:have|signed|negotiated) with|with our)\b|\b(?:board|executive|leadership) (?:meeting|minutes|deck)(?: (?:from|of|notes|on|dated)\b|\s*:)|\b(?:source code|formula|recipe|schematics?|blueprints?|design) (?:of|for|behind) our\b/giu,
  ],
  ['confidential', 'house.plan', new RegExp(`\\b${plans} (?:[\\p{L}-]+ ){0,3}?${deal}\\b`, 'giu')],
  [
    'confidential',
    'house.secret',
    new RegExp(
      `\\b(?:our|my (?:company|team|client|employer|firm|boss|startup)['’]s|the company['’]s) (?:new |next |own |latest |planned )*(?:${secretly} (?:[\\p{L}-]+ ){0,2}?\\p{L}+|trade secrets?|secret (?:recipe|formula|sauce|process)|source code|code ?base|private repo(?:sitory)?|customer (?:list|database|data|records)|client (?:list|database|data|records)|employee (?:list|records|data|files|reviews)|payroll|board (?:deck|minutes|meeting|presentation)|product roadmap|roadmap|m&a|merger|acquisition|layoffs?|term sheet|cap table|pricing (?:strategy|model)|go-to-market|patent (?:application|draft)|algorithm|prototype|production (?:database|server|environment|credentials)|security (?:audit|vulnerabilit(?:y|ies)|incident|breach)|data breach|contract with|agreement with|deal with|negotiations? with|lawsuit|litigation|settlement|internal (?:wiki|memo|tool|api|network|investigation|audit))\\b`,
      'giu',
    ),
  ],
  [
    'confidential',
    'house.party',
    new RegExp(
      `\\b(?:our|my)(?: \\p{Ll}+){0,2} ${party}(?:,? (?:is|are|at|named|called|like|include|includes|such as|from|with),?|,|:)? (?!I\\b|The\\b|What\\b|How\\b|Can\\b|Please\\b|Is\\b|In\\b|A\\b|We\\b)${company}`,
      'gu',
    ),
  ],
  [
    'confidential',
    'house.codename',
    new RegExp(
      `\\b(?:[Cc]ode ?-?named?|internally (?:called|known as|named)|[Cc]ode ?-?name(?: is|:)?|project name(?: is|:)?) ["“']?${company}|\\b(?:Project|Operation|Initiative|Programme?) (?!${knownProjects}\\b)["“']?\\p{Lu}[\\p{L}\\p{N}-]{2,}(?=[^\\p{L}]|$)`,
      'gu',
    ),
  ],
  [
    'confidential',
    'house.employee',
    new RegExp(
      `\\b(?:our|my) (?:employee|colleague|co-?worker|manager|boss|intern|direct report|team member|subordinate|assistant|staff member)s?\\b[^.?!\\n]{0,64}?\\b(?:fired|terminated|laid off|let go|disciplin\\p{L}+|harass\\p{L}+|complain\\p{L}*|on leave|maternity|sick leave|medical leave|pregnan\\p{L}+|performance (?:review|plan|issues?|improvement)|pip\\b|resign\\p{L}*|investigat\\p{L}+|warning|misconduct|drunk|rehab|salary|raise|promotion)`,
      'giu',
    ),
  ],
]);

/** Words of which each pattern has one; the rest of it stands near. */
export const around = {
  core: /\b(?:our|we(?:['’](?:re|ll))?|my (?:[a-z]+ )?(?:company|employer|client|customer|firm|team|boss|startup|colleague|co-?worker|manager|employee|intern|supplier|vendor|partner|investor|salary|pay|wage|bonus|compensation|net worth|credit score|income|rent|mortgage|debt|loan)|q[1-4]|h[12]|fy ?\d{2}|fiscal year|unreleased|unannounced|undisclosed|code ?-?named?|project name|internally|project|operation|initiative|programme?|salary|severance|compensation|bonus|wage|hourly rate|(?:account|card|loan|savings|outstanding|current) balance|wire|wired|transfer(?:red)?|deposit(?:ed)?|revenues?|turnover|ebitda|quarter|takeover|buyout|joint venture|job cuts|redundancies|restructuring|contract|agreement|lease|settlement|executive meeting|merger|acquisition|layoffs?|internal (?:memo|only|document|report|email|strategy|roadmap|presentation|audit|investigation|announcement)|board (?:meeting|minutes|deck))\b/iy,
  anchor: anchorOf.house,
  before: 64,
  after: 176,
};

/** Figures, plans, deals, parties and projects of somebody's own house. */
export const houseMatter: Detector = {
  name: 'house',
  find: (text, facts = new TextFacts(text)) => matchesAround(facts, around, kinds),
};
