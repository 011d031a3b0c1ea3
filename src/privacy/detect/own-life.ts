import { anchorOf } from './anchor-words.ts';
import { kindsOf, matchesAround, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What somebody tells of how he and his house live, in plain words: when nobody is at home and where the key lies, whom he is
 * about to leave, what one of his did, where the secrets of his house are kept and what is wrong with its doors. Only in the first person.
 */

const kin =
  '(?:wife|husband|spouse|partner|boyfriend|girlfriend|ex|son|daughter|kids?|children|mother|father|mom|mum|dad|sister|brother|boss|manager|colleague|co-?worker|neighbou?r|roommate|landlord|client|patient|uncle|aunt|cousin)';
const named = "\\p{Lu}[\\p{L}\\p{N}&.’'-]+";
const drug =
  '(?:weed|pot|marijuana|cannabis|cocaine|coke|heroin|meth|ketamine|mdma|ecstasy|fentanyl|xanax|adderall|opioids?|painkillers)';

const kinds = kindsOf([
  [
    'person',
    'life.work',
    new RegExp(
      `\\b(?:[Ii]|[Mm]y ${kin}) (?:work|works|worked) as (?:an? )?(?:\\p{Ll}+ ){1,4}(?:at|for|in) ${named}|\\b[Ii](?: am|['’]m|['’]ll be| was)? interview(?:ing|ed)? (?:at|with) ${named}|\\b[Ii] (?:got|have|received) (?:an |a job )?offer from ${named}`,
      'gu',
    ),
  ],
  [
    'person',
    'life.leaving',
    new RegExp(
      `\\bi(?:['’]m| am)? (?:planning|going|about|thinking|ready|hoping|plan|want|decided) (?:to |of |about )(?:secretly )?(?:leave|leaving|divorce|divorcing|quit|quitting|resign from|sue|suing|report|reporting|break up with) my (?:job|company|employer|family|marriage|${kin})\\b|\\b(?:we are|we['’]re|i am|i['’]m) (?:trying (?:for a baby|to conceive|to get pregnant)|doing ivf)\\b`,
      'giu',
    ),
  ],
  [
    'person',
    'life.of_others',
    new RegExp(
      `\\bmy ${kin}(?: \\p{L}+)? (?:(?:is|was|has been|keeps|had been) (?:(?:growing|selling|dealing|using|buying) ${drug}|stealing|cheating|abusing|beating|hitting|stalking|threatening|blackmailing|bribing|embezzling|driving drunk|drinking (?:again|at work|heavily)|having an affair)|takes? bribes|(?:hits|beats|abuses|threatens|stalks|blackmails) (?:me|my|us|her|his)|sends? me (?:threat|death)\\p{L}*|admitted (?:that|to)|confessed)\\b`,
      'giu',
    ),
  ],
  [
    'residence',
    'life.home',
    new RegExp(
      `\\b(?:the|my|our) (?:spare|house|front door|car) keys? (?:is|are) (?:hidden |kept )?(?:under|behind|in|on|above|inside|with)\\b|\\bmy (?:safe|jewell?e?ry|cash|gun|valuables) (?:is|are) (?:hidden |kept |stored )?(?:behind|under|in|inside|above) (?:the|my|a)\\b|\\b(?:our|my) (?:house|home|flat|apartment|place) (?:will be|is|stays) (?:empty|unattended|vacant|unlocked)\\b|\\bmy ${kin} (?:is|are|stays?) (?:at )?(?:home )?alone\\b|\\bi (?:always |usually )?(?:leave (?:for work|home|the house|my house)|come (?:home|back)|get home)[^.?!\\n]{0,16}? (?:at|around|before|after|by) \\d{1,2}(?::\\d\\d)?(?: ?[ap]m)?\\b`,
      'giu',
    ),
  ],
  [
    'finance',
    'life.money',
    new RegExp(
      `\\b[Ii] (?:bank|have (?:an? )?(?:account|mortgage|loan|investments?)) (?:with|at) ${named}|\\b[Ii] (?:make|earn) (?:about |around |over |only )?(?:[$€£]\\s?\\d[\\d,.]*k|\\d[\\d,.]*k)\\b|\\b[Ii] (?:did(?:n['’]t| not)|never|haven['’]t) (?:report|reported|declare|declared|pay|paid) (?:my |the |any )?(?:\\p{L}+ )?(?:gains?|income|tax(?:es)?|cash|tips)\\b|\\b(?:[Ii]|[Ww]e)(?:['’]m|['’]re| am| are| was| were)? (?:being |getting )?audited by\\b`,
      'gu',
    ),
  ],
  [
    'health',
    'life.mind',
    new RegExp(
      `\\bi(?:['’]ve| have|['’]m| am| feel)?(?: been)?(?: feeling)? (?:very |so |quite |often )?suicidal\\b|\\bi (?:cut|hurt|harm|starve) myself\\b(?= (?:when|every|on purpose|again|to)|[.!?]|$)|\\bi (?:smoke|snort|inject|use|take|sell|deal|grow|am addicted to|buy) ${drug}\\b`,
      'giu',
    ),
  ],
  [
    'legal',
    'life.status',
    /\bmy (?:visa|green card|work permit|residence permit|asylum|daca|h-?1b) (?:expires?|expired|runs? out|ran out|was (?:denied|revoked)|is (?:expired|expiring))\b|\bi(?:['’]ve| have)? overstayed\b|\bplea (?:bargain|deal) for my\b|\bwe(?:['’]ll| will| would) settle (?:if|for|at)\b|\bmy client (?:lied|is guilty|was (?:drunk|driving)|did it)\b|\bi(?:['’]m| am) in (?:the )?witness protection\b|\bi have (?:an? )?(?:\p{L}+ )?(?:security|secret) clearance\b|\b(?:my|our) (?:unit|battalion|squadron|regiment|brigade|platoon) (?:deploys?|is deploying|will deploy|ships out)\b/giu,
  ],
  [
    'account_number',
    'life.account',
    /\bi have (?:an? )?(?:secret |second |fake |burner )*(?:onlyfans|grindr|tinder|ashley madison|burner|fake|secret)(?: \p{L}+)? (?:account|profile|phone)\b/giu,
  ],
  [
    'confidential',
    'life.work_of_own',
    /\bmy (?:\p{L}+ )?(?:manuscript|novel|screenplay|thesis|invention|paper)\b[^.?!\n]{0,40}?\b(?:not (?:yet )?(?:been )?published|unpublished|not (?:yet )?patented)\b/giu,
  ],
  [
    'confidential',
    'life.house_doors',
    /\bour (?:firewall|vpn|network|security)(?: \p{L}+){0,2} (?:allows?|exposes?|lacks?|has|have|is|are)\b[^.?!\n]{0,40}?\b(?:ports?|anywhere|unpatched|disabled|vulnerable|default|bypass)\b|\bour (?:app|api|website|product|service|system|servers?|databases?|software|login|backend) (?:has|have|contains?|exposes?|returns?|leaks?|stores?)\b[^.?!\n]{0,40}?\b(?:bypass|vulnerabilit\p{L}+|backdoor|without (?:an? )?(?:login|auth\p{L}*|password)|plain ?text|unencrypted|hard-?coded|injection|(?:patient|customer|user|employee) (?:records|data))\b|\b(?:the|our) (?:production|master|root|admin|database|db|prod|signing) (?:password|key|credentials?|secrets?) (?:is|are|lives?) (?:stored |kept |saved |written )?(?:in|on|under|at)\b|\bour backup (?:tapes?|drives?|disks?|keys?) (?:is|are) (?:stored |kept )?(?:in|at|under|on)\b/giu,
  ],
  [
    'confidential',
    'life.house_trade',
    new RegExp(
      `\\b[Oo]ur (?:quarterly |annual |monthly |sales )?(?:numbers|results|figures|financials) (?:look|are|were|will be) (?:bad|down|up|terrible|weak|below|strong|great)\\b|\\b[Ww]e(?:['’]re| are|['’]ll| will)? (?:going to |about to )?(?:miss|not make) payroll\\b|\\b[Oo]ur (?:main|biggest|largest|top|key) (?:competitor|customer|client|supplier|investor)s? (?:is|are|has|have|offered|wants?|will|plans?|left|owes?)\\b|\\b[Oo]ur suppliers?(?: (?:in|for|of) [^.?!\\n]{2,24}?)? (?:is|are) ${named}|\\b[Ww]e (?:buy|source|purchase|order) [^.?!\\n]{2,32}? from ${named}[^.?!\\n]{0,16}?[$€£]\\s?\\d|\\b[Oo]ur (?:gross |net |profit )?margins? (?:on|for|of) [^.?!\\n]{2,24}? (?:is|are|was|were) \\d|\\b[Ww]e (?:plan|intend|are planning|are going|want) to (?:open|expand|enter|introduce)\\b[^.?!\\n]{0,40}?\\b(?:in|on|by|next|this) (?:spring|summer|autumn|fall|winter|january|february|march|april|may|june|july|august|september|october|november|december|week|month|quarter|year|q[1-4])\\b`,
      'gu',
    ),
  ],
]);

/** Somebody speaks of himself or his house; what he says of it follows within two lines. */
export const around = {
  core: /\b(?:(?:i|my|our|we)\b|(?:spare|house|front door|car) keys?\b|(?:production|master|root|admin|database|db|prod|signing) (?:password|key|credential|secret)|plea (?:bargain|deal))/iy,
  anchor: anchorOf.own | anchorOf.places,
  before: 8,
  after: 120,
};

export const ownLife: Detector = {
  name: 'life',
  find: (text, facts = new TextFacts(text)) => matchesAround(facts, around, kinds),
};
