import { anchorOf } from './anchor-words.ts';
import { kindsOf, matchesAround, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * Work that is handed to a model together with what it is about: "review our contract", "fix my company's login module". What the
 * paper says stands beside it or in the next message. Only where somebody says whose it is, and only of papers that a house keeps.
 */

const verb =
  '(?:write|draft|prepare|create|make|build|design|review|analy[sz]e|summari[sz]e|proofread|translate|optimi[sz]e|debug|fix|explain|refactor|evaluate|respond|reply|improve|rewrite|check|convert|format|organi[sz]e|calculate|compare|edit|polish|turn|extract|clean|simplify|shorten|critique|assess|interpret|plot|visuali[sz]e|predict|forecast|estimate|estimating|audit|test|document|comment|port|migrate|help|find|identify|generate|suggest|rate|update|look|use|read|process|handle|sort|merge|segment)';
const whose =
  "(?:our (?:company['’]s |team['’]s |client['’]s |firm['’]s |own )?|my (?:company|employer|client|firm|team|boss|startup|department|agency)['’]s |the company['’]s |(?:this|the|an?|these) (?:internal|confidential|proprietary|private|unreleased|classified|sensitive|non-public) (?:company )?)";
const paper = [
  // Money
  '(?:(?:quarterly|annual|monthly|unaudited|interim) )?(?:financial (?:statements?|results|data|report|model|projections?|records)|financials|balance sheet|income statement|p&l|profit and loss|cash flow|revenue|earnings|sales (?:figures|numbers|data|forecast|report|pipeline|strategy)|declining sales|forecasts?|margins?|expense reports?|cost structure|pricing (?:strategy|model|sheet|list)|price list|payroll|salar(?:y|ies)|compensation|bonus(?:es)?|cap table|valuation|fundrais\\p{L}+|term sheet|investor (?:update|deck|list|report)|tax (?:returns?|filings?|strategy)|ledger|invoices)',
  // Plans
  '(?:(?:20\\d\\d|product|technology|engineering) )?roadmap|launch (?:plan|strategy|date)|go-to-market|business plan|(?:growth|exit|acquisition|business|strategic|corporate|marketing|market entry|expansion|negotiation|competitive|sourcing) (?:strategy|plans?)|restructuring|reorgani[sz]ation|layoffs?|acquisition|merger|takeover|bid|tender|rfp response',
  // Code and machines
  '(?:\\p{L}+ )?(?:source code|code ?base|repository|repo)|(?:authentication|login|payment|billing|encryption|fraud detection|trading|pricing|recommendation|ranking|matching|licensing|risk|scoring|inventory) (?:module|service|system|engine|gateway|algorithm|function|api|logic|code)|proprietary \\p{L}+|trading (?:bot|algorithm)|training data|(?:database|db) (?:schema|dump|credentials|password)|production (?:logs?|data|database|servers?|config\\p{L}*)|server logs?|access (?:logs?|keys?|controls?)|network (?:diagram|topology|architecture|config\\p{L}*)|firewall (?:rules|config\\p{L}*)|infrastructure|security (?:policy|audit|architecture|incident|report|findings)|vulnerabilit(?:y|ies)|firmware|credentials|api keys?|incident (?:report|response)',
  // People
  '(?:customers?|clients?|patients?|employees?|users?|members?|students?|donors?|vendors?|suppliers?|subscribers?|staff)(?:(?:[' +
    "'’]s?)? (?:data(?:base|set)?|lists?|records?|files?|information|details|contracts?|emails?|salaries|contacts?|payments?|tables?|transcripts|medical \\p{L}+|churn|complaints?|profiles?|purchase history|orders)| and (?:payments?|orders?|invoices?) tables?)|performance reviews?|disciplinary \\p{L}+|hr (?:records|files|data)|personnel files?",
  // Law and invention
  '(?:\\p{L}+ )?(?:contracts?|ndas?|lease agreement|license agreement|supplier agreement)|legal (?:complaint|dispute|case|brief|strategy|opinion|memo)|lawsuit|settlement|litigation|patents?(?: application| draft| pending)?|invention(?: disclosure)?|trade secrets?|compliance (?:issues?|violations?|report)|audit (?:findings|report)|data breach|whistle-?blower|prototype|blueprints?|schematics?|formula|research (?:data|results|findings)|lab (?:results|data|notebook)|clinical (?:trial|data)|product (?:design|specs?|specification)|board (?:deck|minutes|meeting|presentation)|internal (?:memo|email|report|document)s?',
].join('|');

const kinds = kindsOf([
  [
    'confidential',
    'papers.asked',
    new RegExp(`\\b${verb}\\b[^.?!\\n]{0,56}?\\b${whose}(?:[\\p{L}\\d-]+ ){0,3}?(?:${paper})\\b`, 'giu'),
  ],
  [
    'confidential',
    'papers.of_people',
    /\b(?:spreadsheet|csv|excel(?: file| sheet)?|list|database|table|file|dataset|export|dump|records?) (?:of|with|containing) (?:all |our |the )?(?:employees?|customers?|clients?|patients?|users?|members?|donors?|students?)['’]?s?['’]? (?:salar(?:y|ies)|e-?mails?|names|phone numbers|addresses|records|data|payments|passwords|ssns|diagnos\p{L}+|grades)\b/giu,
  ],
  [
    'confidential',
    'papers.announcement',
    /\b(?:draft|write|prepare|compose|create)\b[^.?!\n]{0,24}?\b(?:announcement|press release|memo|e-?mail|letter|statement|notice|message|talking points|faq|slides?) (?:about|on|for|regarding|announcing|explaining|to (?:staff|employees|investors|customers|clients|our [\p{L} ]{2,24}) about) (?:the|our|my|an?) (?:upcoming |planned |recent |possible |unannounced )?(?:acquisition|merger|layoffs?|data breach|breach|restructuring|recall|closure|settlement|lawsuit|investigation|termination|dismissal|price increase|security incident|takeover|bankruptcy|ipo|outage|resignation of)\b/giu,
  ],
  [
    'legal',
    'papers.against_us',
    /\b(?:complaint|lawsuit|suit|claim|charges?|case|grievance|allegations?|accusations?|investigation|subpoena|motion)(?: that was)? (?:filed |brought |made |pending )?against (?:us|me|our|my)\b|\bminutes of (?:yesterday['’]s|today['’]s|last (?:week|month)['’]s|our|the last) (?:board|management|executive|leadership|team|staff|strategy)\b/giu,
  ],
  [
    'confidential',
    'papers.telling',
    new RegExp(
      `\\b(?:our|my company['’]s) (?:[\\p{L}-]+ ){0,2}?(?:marketing|sales|pricing|growth|exit|hiring|media|launch|go-to-market|business|expansion|investment|acquisition) (?:strategy|roadmap|plan)s?\\b|\\bour (?:warehouse|data ?cent(?:er|re)|vault|lab|plant|factory|server room|depot|armou?ry) (?:in|at|on|near) \\p{L}|\\bour (?:\\p{L}+ )?(?:investors?|customers?|clients?|suppliers?|partners?|lenders?|bank|sponsors?|donors?|employees|engineers|drivers|nurses) (?:is|are|were|was|has been|have been) (?:pulling out|leaving|quitting|unhappy|threatening|suing|striking|complaining|refusing|withdrawing|walking away|bankrupt|in default)|\\bcharges? us (?:[$€£]\\s?)?\\d|\\b(?:months?|weeks?) of (?:cash|runway|funding)\\b|\\bwe (?:just |recently |have |might |may |will |are about to )*(?:lost|lose|losing) (?:our|a|the) (?:\\p{L}+ ){0,2}(?:client|customer|account|contract|investor|supplier|licen[cs]e|certification|funding|case|lawsuit)s?\\b|\\bwe(?:['’]re| are) (?:secretly |currently )?(?:developing|designing|testing|working on|preparing|launching) (?:an?|our|the) (?:new|secret|next|competing|unannounced|first) (?:\\p{L}+ ){0,2}(?:drug|vaccine|chip|weapon|engine|device|product|prototype|battery|aircraft|missile|sensor|molecule|compound|therapy|phone|car|robot)\\b|\\b(?:merger|acquisition|takeover|buyout|licensing|settlement|peace) (?:talks|negotiations|discussions) with (?!the\\b)\\p{L}|\\btop secret (?:project|plan|program|mission|formula)\\b|\\b(?:our|my) patent[- ]pending\\b`,
      'giu',
    ),
  ],
  [
    'confidential',
    'papers.day',
    /\b(?:launch|release|rollout|announcement|unveiling|product)(?: date)?(?: of| for)? [^.?!\n]{0,32}? ?(?:is|will be|was|has been) (?:scheduled|set|planned|slated|postponed|delayed|moved) (?:for|to|until)\b|\bthe (?:merger|acquisition|deal|sale|takeover|settlement|partnership|ipo|layoffs?) (?:will be|is being|is to be|gets) (?:finali[sz]ed|announced|signed|closed|completed|disclosed|made public|revealed)\b|\bthe new (?:ceo|cfo|cto|coo|chairman|chair|president|director|head of [\p{L} ]{2,20}) (?:will be|is going to be|gets) (?:announced|named|appointed)\b|\bthe board (?:has )?(?:decided|voted|agreed|plans|wants) to (?:sell|fire|close|remove|replace|cut|acquire|merge|buy|lay|appoint|dismiss|settle|delay)\b|\b(?:prices?|fees?|rents?|salaries|premiums?|rates?) (?:will|is going to|are going to) (?:go up|rise|increase|drop|fall|be (?:raised|cut|increased)) (?:by )?\d+(?:\.\d+)? ?(?:%|percent)[^.?!\n]{0,16}?\b(?:in|on|by|from|next|starting) \p{L}/giu,
  ],
  [
    'finance',
    'papers.sum',
    /\b(?:budget|funding|valuation|offer|bid) (?:for|of) (?:the|our) (?:new |next |upcoming |marketing |q[1-4] )?(?:campaign|project|launch|deal|acquisition|product|initiative|tender|contract|department|team|startup|company) (?:is|was|will be|stands at) (?:[$€£]\s?\d|\d[\d,.]* ?(?:million|k\b|m\b|euros|dollars))|\bi (?:have|got|hold|inherited|saved) [$€£]\s?\d[\d,.]*k? (?:in (?:savings|cash|my|debt|stocks|crypto|bitcoin|bonds|the bank|a bank)|saved|invested)\b|\bi (?:make|earn) (?:about |around |over )?\d[\d,.]*k? (?:a|per) (?:year|month|week)\b|\bthe secret ingredient is \p{L}|\bthe (?:formula|recipe|blend) is \d+ ?(?:%|percent|parts)|\bclinical trial (?:results|data) (?:show|showed|indicate|suggest)\b/giu,
  ],
]);

export const around = {
  core: /\b(?:our|my (?:company|employer|client|firm|team|boss|startup|department|agency|patent)|(?:internal|confidential|proprietary|private|unreleased|classified|sensitive|non-public) |company['’]s|we(?:['’]re| are| just| recently| have| might| may| will| lost| lose| losing)\b|i (?:have|got|hold|inherited|saved|make|earn) |against (?:us|me|our|my)|charges? us|(?:spreadsheet|csv|excel|list|database|table|file|dataset|export|dump|records?)(?: file| sheet)? (?:of|with|containing)|minutes of|(?:months?|weeks?) of (?:cash|runway|funding)|(?:merger|acquisition|takeover|buyout|licensing|settlement|peace) (?:talks|negotiations|discussions)|top secret|(?:launch|release|rollout|announcement|unveiling|product)(?: date)?(?: of| for)? [^.?!\n]{0,32}? ?(?:is|will be|was|has been) (?:scheduled|set|planned|slated|postponed|delayed|moved)|(?:merger|acquisition|deal|sale|takeover|settlement|partnership|ipo|layoffs?) (?:will be|is being|is to be|gets)|(?:ceo|cfo|cto|coo|chairman|chair|president|director) (?:will be|is going|gets)|board (?:has )?(?:decided|voted|agreed|plans|wants)|(?:prices?|fees?|rents?|salaries|premiums?|rates?) (?:will|is going|are going)|(?:budget|funding|valuation|offer|bid) (?:for|of) (?:the|our)|ingredient is|(?:formula|recipe|blend) is \d|clinical trial|(?:announcement|press release|memo|e-?mail|letter|statement|notice|message|talking points|faq|slides?)(?: to [a-z ]{2,30})? (?:about|on|for|regarding|announcing|explaining|to))/iy,
  anchor: anchorOf.papers,
  before: 72,
  after: 112,
};

export const ownPapers: Detector = {
  name: 'papers',
  find: (text, facts = new TextFacts(text)) => matchesAround(facts, around, kinds),
};
