import { anchorOf } from './anchor-words.ts';
import { kindsOf, matchesAround, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** What somebody says of who he is: work, schooling, family, body, faith, politics, plans. Together these say which person it is. */
const kin =
  '(?:wife|husband|spouse|partner|fianc[ée]e?|boyfriend|girlfriend|ex|sons?|daughters?|child|children|kids?|baby|mother|father|mom|mum|dad|sister|brother|boss|manager|colleague|co-?worker|best friend|roommate|neighbou?r|cousin|uncle|aunt|nephew|niece|grand(?:mother|father|ma|pa)|dog|cat|pet|doctor|therapist|landlord|teacher|lawyer|accountant)';
const named = "\\p{Lu}[\\p{L}\\p{N}&'’.-]+(?: (?:of |the |and |& )?\\p{Lu}[\\p{L}\\p{N}&'’.-]+){0,4}";
const iAm = "(?:i am|i['’]m|we are|we['’]re|my \\p{Ll}+ is)";

const kinds = kindsOf([
  [
    'person',
    'portrait.work',
    new RegExp(
      `\\b(?:[Ii]|[Mm]y ${kin}|[Ww]e|[Ss]he|[Hh]e)(?: (?:currently|now|also|have|has|had|used to|just|recently|previously))* (?:works?|worked|working|am employed|is employed|started|interned|got hired|was fired|got fired|was laid off|quit|resigned) (?:at|for|with|from|by) (?!The\\b|A\\b)${named}|\\b(?:[Mm]y|[Oo]ur) (?:employer|company|firm|workplace|job|manager at) (?:is|was|name is) (?:at |called )?${named}|\\b[Ii](?: am|['’]m) (?:an?|the) (?:\\p{Ll}+[ -]){1,4}(?:at|for|with) ${named}`,
      'gu',
    ),
  ],
  [
    'person',
    'portrait.school',
    new RegExp(
      `\\b(?:[Ii]|[Mm]y ${kin}|[Ss]he|[Hh]e)(?:['’]m| am| is| was|['’]ve been| have been)?(?: (?:currently|now|also))* (?:stud(?:y|ies|ied|ying)|attend(?:s|ed|ing)?|go(?:es)? to|went to|graduat(?:e[ds]?|ing) (?:from|at|in)|enrolled (?:at|in)|teach(?:es)? at)(?: \\p{Ll}+){0,4}? ${named}`,
      'gu',
    ),
  ],
  [
    'person',
    'portrait.kin',
    new RegExp(
      `\\b(?:[Mm]y|[Oo]ur) (?:\\p{Ll}+ ){0,2}?${kin}(?:['’]s)?(?:,| is| was| are| named| called|['’]s name is| name is| is named| is called){1,2} (?:named |called )?(?=\\p{Lu})`,
      'gu',
    ),
  ],
  [
    'person',
    'portrait.status',
    new RegExp(
      `\\b${iAm} (?:recently |newly |happily |currently |still |now |not )*(?:married|divorced|separated|widowed|engaged|unemployed|pregnant|adopted|homeless|bankrupt|a (?:single|stay-at-home) (?:mom|mum|mother|dad|father|parent)|a (?:widow(?:er)?|virgin|veteran|felon|refugee|us citizen|citizen of|permanent resident|green card holder|h-?1b))\\b`,
      'giu',
    ),
  ],
  [
    'person',
    'portrait.trait',
    /\bmy (?:\p{Ll}+['’]s )?(?:current |legal |real |birth |own |exact |sexual |political |religious |home |work |personal |date of |place of |mother['’]s |father['’]s |son['’]s |daughter['’]s |wife['’]s |husband['’]s )*(?:gender|sex|race|ethnicity|nationality|citizenship|religion|faith|orientation|affiliation|views|beliefs|party|height|weight|bmi|blood type|eye colou?r|hair colou?r|shoe size|birthday|birthdate|birthplace|birth|hometown|marital status|occupation|profession|job title|employer|school|university|major|gpa|iq|sat score|handle|user ?name|badge|employee number|locker|fingerprints?|face scan|retina|voice print|dna|genome|ancestry|itinerary|flight|hotel|schedule|whereabouts|location|license|plate|car)s? (?:is|are|was|:|number is)(?! (?:not|a|an|the|very|too|so|it|what|that|there|going|being|important|relevant|needed)\b) ?["“]?[\p{L}\p{N}]/giu,
  ],
  [
    'residence',
    'portrait.absence',
    /\b(?:i|we)(?:['’]ll| will|['’]re| are|['’]m| am) (?:be )?(?:(?:away from (?:home|the house)|out of town|abroad)\b[^.?!\n]{0,32}?\b(?:from|until|till|next|this|for|on)|(?:going |leaving )?on (?:vacation|holiday)\b[^.?!\n]{0,32}?\b(?:from|until|till))\b/giu,
  ],
  [
    'person',
    'portrait.belief',
    /\bi (?:always |usually )?vote[ds]? (?:republican|democrat(?:ic)?|labour|conservative|tory|green|liberal|left|right)\b|\bi (?:(?:always|usually|secretly|once|will|am going to|plan to|just) )*(?:vote[ds]?|voting|campaign(?:ed)?|donate[ds]?|volunteer(?:ed)?) (?:for|to|against) (?:the )?\p{L}+|\bi (?:am|['’]m|was) (?:a |an )?(?:registered |lifelong |former |proud |devout |practicing |strict )*(?:democrat|republican|conservative|liberal|socialist|communist|libertarian|anarchist|tory|labour (?:voter|member)|union (?:member|rep)|member of (?:the |a )?\p{L}+|christian|catholic|muslim|jew|jewish|hindu|buddhist|sikh|atheist|agnostic|mormon|scientologist|satanist|black|white|asian|latin[oax]|hispanic|african[- ]american|native american|indigenous|half[- ]\p{L}+)\b/giu,
  ],
  [
    'account_number',
    'portrait.figure',
    /\b(?:my|our) (?:[\p{L}'’-]+ ){0,4}?(?:number|no|id|code|key|account|address|ip|server|token|reference|balance|amount|score|result|reading|level|dose|limit|offer|bid|fee|bill|rent|quote|invoice|order|extension|appointment|flight|booking|meeting)s?(?: \p{Ll}+){0,2}? (?:is|are|was|were|will be|:|=)(?: \p{Ll}+){0,2}? ?["“#]?[$€£]?\p{L}{0,4}-?\d[\d,./: -]{1,}\d/giu,
  ],
  [
    'age',
    'portrait.body',
    /\bi (?:weigh|weighed) (?:about |around |only )?\d{2,3}(?:\.\d)? ?(?:kg|kilos?|lbs?|pounds|stone)\b|\bi(?: am|['’]m) (?:about |around |only )?(?:\d['’′] ?\d{1,2}|\d{3} ?cm|1[.,]\d{2} ?m\b|\d (?:feet|foot|ft))|\b(?:i am|i['’]m) (?:an? )?(?:\d{1,2}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty)(?:[ -]\p{L}+)?)(?:[ -]years?[ -]old|[ -]?(?:yo|y\/o)|,? (?:male|female|man|woman|boy|girl|m\b|f\b))/giu,
  ],
  [
    'residence',
    'portrait.travel',
    new RegExp(
      `\\b(?:[Ii]|[Ww]e)(?:['’]m|['’]ll|['’]re| am| are| will)? (?:be )?(?:fly(?:ing)?|travel(?:l?ing)?|going|staying|vacationing|moving|relocating|away)(?: \\p{Ll}+){0,3}? (?:to|in|at|from) ${named}[^.?!\\n]{0,32}?\\b(?:on|from|until|next|tomorrow|tonight|this|between|flight|room)\\b`,
      'gu',
    ),
  ],
]);

export const around = {
  core: /\b(?:i|i['’](?:m|ve|ll)|my|we|we['’](?:re|ll)|our)\b/iy,
  anchor: anchorOf.own,
  before: 8,
  after: 128,
};

export const selfPortrait: Detector = {
  name: 'portrait',
  find: (text, facts = new TextFacts(text)) => matchesAround(facts, around, kinds),
};
