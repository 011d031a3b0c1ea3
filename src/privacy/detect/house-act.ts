import { waysOf, matchesOf, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What a house has done, is up to or is asked by others, said with "we" and a name or a thing of its own; who is in its systems; and
 * what somebody tells of his own affairs in passing. A question about houses in general has no "we did", no "from us" and no name.
 */

const named = '\\p{Lu}[\\p{L}\\p{N}&.-]+';
const asset =
  '(?:company|business|firm|unit|division|plant|factory|site|office|branch|stores?|stake|brand|line|product|subsidiary|department|market|service|warehouse|headquarters|ferry|depot|mill|mine|hotel|clinic|school|campus)';
const worker =
  '(?:ceo|cfo|cto|coo|vp|head of \\p{L}+|founder|manager|director|engineer|accountant|driver|nurse|teacher|intern|agent|supplier|vendor|contractor|auditor|lawyer|lead|chef|nanny|cleaner|staff|team|people|workers?|employees?)';

const kinds = waysOf([
  [
    'confidential',
    'act.did',
    new RegExp(
      `\\b[Ww]e(?:['’]ve| have|['’]re| are| will|['’]ll| also| just| secretly| quietly)* (?:(?:fired|dismissed|sacked|suspended|bribed|paid off|bugged|overcharged|underpaid|misled) (?:the|our|a|an|two|three|some|\\p{Lu})|(?:picked|chose|chosen|choosing|shortlisted|approached|targeted) ${named}[^.?!\\n]{0,24}? (?:as|for|because)|(?:lost|losing|gave|giving|charge|charging|undercut(?:ting)?|poach(?:ing)?|copied|copying|outbid) (?:${named}(?! (?:War|Cup|Prize))|their \\p{L}+)|paid (?:the|an?|our) ${worker}|tracked (?:the|our)|(?:ship|export|sell|route|send)(?:ped|ed)? [^.?!\\n]{2,40}? (?:through|via) ${named}|dropping ${named}['’]s)`,
      'gu',
    ),
  ],
  [
    'confidential',
    'act.intends',
    new RegExp(
      `\\b[Ww]e (?:want|plan|intend|have|need|hope|are going|are about) to (?:(?:leave|quit|exit|enter) (?:the |our )?(?:${named} )?market|(?:close|sell|drop|kill|shut) (?:the |our )(?:${named} )?${asset})\\b|\\b(?:[Bb]uying|[Ss]elling|[Aa]cquiring|[Cc]losing|[Mm]oving|[Ff]olding) ${named}(?:['’]s)? (?:\\p{Ll}+ )?(?:${asset}|sales force|team|assets)\\b|\\b(?:sale|merger|takeover|acquisition|closure|closing|transfer)(?: of (?:the |our )?${named}[^.?!\\n]{0,24}?| (?:to|with) ${named}(?: ${named})*)? (?:becomes known|is announced|goes public|gets out|leaks|site\\b)|\\b(?:[Cc]losing|[Cc]losure|[Ss]ale) of the ${named} (?:\\p{Ll}+ )?${asset}\\b`,
      'gu',
    ),
  ],
  [
    'confidential',
    'act.decided',
    new RegExp(
      `\\b(?:the|our) (?:directors|board|partners|owners|shareholders|trustees|executive committee|comp(?:ensation)? committee|council) (?:approved|agreed|voted|decided|want|wants|rejected|discussed|resolved) (?:to |on )?(?:selling|sell|buying|buy|closing|close|firing|fire|the (?:sale|closure|merger|bid|offer)|bands|raises|bonuses)\\b|\\b(?:works council|union|staff|team|employees|franchisees|tenants|parents|press|customers|market|minister|mayor|regulator) (?:that|why|when|about) (?:the|our|we) (?:\\p{L}+ )?(?:\\p{L}+ )?(?:goes|moves|closes?|is closing|is moving|are closing|leave|leaves|is off|are off|will go)\\b|\\bthe (?:merger|deal|launch|sale|ipo|round|acquisition) is off\\b|\\b(?:nobody|no one) (?:may|must|is allowed to) (?:talk|speak|know|hear|write) (?:about|of)\\b`,
      'giu',
    ),
  ],
  [
    'legal',
    'act.asked_of_us',
    /\b(?:do|must|should|can|may|could) we (?:really |legally |even |now )*(?:have to |need to )?(?:disclose|report|notify|register|declare|withhold|keep it from|hide|admit|destroy|delete|shred)\b|\b(?:we|i)(?: have| just|['’]ve)* (?:got|received|had) (?:a|an|the|another) (?:letter|call|visit|request|summons|notice|inquiry|fine) from (?:the )?(?:data protection|tax|police|regulator|prosecutor|authority|authorities|inspector|ministry|customs|immigration|court|bank|fbi|irs|sec|ico|fda|union|bailiff)\b|\bthe (?:regulator|prosecutor|auditors?|inspector|tax office|authority|court|police|sec|fda|ico|irs|fbi|bank) (?:asked|asks|wants|demands?|requested|subpoenaed|seized|took|searched) (?:for |to see )?(?:us|me|my|our)\b/giu,
  ],
  [
    'legal',
    'act.law',
    /\b(?:clause|section|article|schedule|annex|paragraph) \d+(?:\.\d+)* (?:of|in) our\b|\bunder the table\b[^.?!\n]{0,40}?\bwe\b|\bwe\b[^.?!\n]{0,48}?\b(?:under the table|off the books)\b|\bi (?:deleted|shredded|destroyed|backdated|forged|doctored) (?:the|some|our|my|all|those)\b|\bbefore the (?:hold|audit|raid|subpoena|inspection) (?:came|started|began|was|is)\b|\bthe books are cooked\b|\b(?:we|i) resign the \p{L}+ audit\b|\bso (?:that )?(?:the end user|the buyer|the auditors?|customs|nobody|they) (?:does not|do not|doesn['’]t|don['’]t|won['’]t|cannot|can['’]t) (?:show|see|notice|know|find)\b/giu,
  ],
  [
    'confidential',
    'act.customer',
    new RegExp(
      `\\b[Tt]he (?!Bank|Current|Savings|Checking|New|Old|First|Second|Last|Next|Two|Three)${named} (?:account|renewal|tender|retainer|pitch|engagement|audit) (?:complained|wants|is|was|ends?|runs|needs|team|about|goes|at risk|again|suggest)|\\b(?:why|how|when|after) ${named}(?: ${named})* (?:left|dropped|fired|sued|dumped|undercut|outbid|ghosted) us\\b|\\b[Oo]ur (?:quote|offer|bid|proposal|tender|pitch|invoice|response|counter-?offer|application)(?: to| for)(?: the)? ${named}|\\b(?:than|like|as) the one we (?:bought|licensed|got|stole|copied) from ${named}|\\b[Ss]wot for us\\b|\\b(?:SWOT|[Pp]ositioning|[Bb]attle ?card)(?: for us)? against ${named}`,
      'gu',
    ),
  ],
  [
    'confidential',
    'act.inside',
    /\b(?:the|an?) (?:attackers?|intruders?|hackers?) (?:is|are|was|were) (?:still |already )?(?:in|inside|on) (?:the|our)\b|\b(?:the|an?) (?:attackers?|intruders?|hackers?|pen-?testers?) (?:got|read|took|reached|copied|used|had|have|encrypted|dumped|exfiltrated) (?:into |to )?(?:the|our|domain|root|admin|all|\d)|\b(?:alarm|cameras?|cctv|fence|sprinklers?|guard|badge readers?|turnstile) (?:is|are|will be|stays?|was) (?:off|down|out|dead|disabled|broken)\b[^.?!\n]{0,32}?\b(?:between|from|until|till|tonight|at the|since)\b|\bincident (?:no\.? ?|#)?\d{2,6}\s*[:,–-]|\b(?:customers|users|patients|tenants|clients) (?:could|can) (?:see|read|open|download) (?:each other['’]?s|other)\b/giu,
  ],
  [
    'ip_address',
    'act.network',
    /(?<![\d.])(?:10\.(?:\d{1,3}\.){2}|192\.168\.\d{1,3}\.|172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.)\d{1,3}\/\d{1,2}(?![\d.])/gu,
  ],
  [
    'confidential',
    'act.making',
    new RegExp(
      `\\b(?:working|project|internal) title (?:is|:) ["“]?${named}|\\b(?:nobody|no one) (?:else )?(?:has|does|knows|makes) (?:that|this|it)(?: yet)?,|\\b(?:drawings?|blueprints?|schematics?|specs?|design|layout|mould|mold|wiring) (?:for|of) the new \\p{L}|\\b(?:the|our|a) (?:[\\p{L}-]+ ){0,2}(?:we|which we|that we) (?:show|launch|unveil|present|announce|ship|demo) (?:in|at|on|next) (?:\\p{L}|\\d)|\\bfrom our (?:\\p{L}+ ){0,2}repo(?:sitory)?\\b|\\bnotes of the failed\\b|\\bfor the sponsor\\b|\\bour (?:[\\p{L}-]+ ){0,2}(?:matching engine|scoring|fraud rules|ranker|recommender|pricing engine|trading strategy|drawings|test rig)\\b`,
      'gu',
    ),
  ],
  [
    'confidential',
    'act.state',
    /\bthe (?:minister|ambassador|general|governor|secretary of state|chancellor|cabinet|ministry) (?:wants|asked for|needs|lands|leaves|will (?:meet|resign|announce)|has decided|is minded)\b|\b(?:minister|ambassador|general|president|vip|principal|convoy|motorcade)\b[^.?!\n]{0,24}?\b(?:lands|leaves by|takes the|arrives by|departs)\b[^.?!\n]{0,40}?\b(?:\d{1,2}:\d\d|\d{4}|gate|road|on \p{L}+day|at (?:one|two|three|four|five|six|seven|eight|nine|ten|noon|dawn))\b|\bwhat (?:the|our|my) source (?:inside|in|at|within|told)\b|\bsource (?:inside|within) the \p{L}+/giu,
  ],
  [
    'person',
    'act.own_affairs',
    /\bi (?:cheated with|slept with|am sleeping with|had (?:an?|two|three|several) abortions?|wear (?:a|an) (?:ankle )?(?:tag|monitor)|am on parole|owe the|hide the letters|hit my|drank again|relapsed|was let out|stopped (?:my|taking my) (?:lithium|insulin|meds|medication|pills|antidepressants))\b|\bmy (?:therapist|psychiatrist|oncologist|parole officer|probation officer|gyn(?:ae|e)cologist|divorce lawyer|sponsor in aa|dealer|lover|mistress|affair) (?:says|said|told|thinks|wants|knows|found)\b|\bmy (?:\p{L}+ )?(?:genome|dna|blood|biopsy|std|hiv|paternity|toxicology|pregnancy|scan) (?:report|test|results?|panel)\b|\bmy (?:father|mother|husband|wife|brother|uncle|boss|coach|priest|ex|boyfriend|girlfriend|partner|stepfather) (?:who )?(?:hit|hits|raped|beat|beats|touched|abused|chokes?|stalks?|locked) (?:me|us|her|him|my)\b|\bbefore (?:my|our) (?:wife|husband|parents|boss|ex|kids|family) (?:finds?|hears?|sees?|knows?|reads?)\b/giu,
  ],
  [
    'person',
    'act.own_people',
    /\b(?:our|my) (?:nanny|cleaner|au pair|gardener|driver|cook|maid|housekeeper|tenant|employee|worker|builder|waiter)s? (?:(?:has|have|had) no (?:papers|permit|visa|contract)|(?:is|are) (?:undocumented|not registered|off the books))\b|\bthe tenants? (?:in|of|at|from) (?=\S*\d)\S{1,8} (?:is|are|has|have|owes?|was)\b|\b(?:the |my )?(?:insurer|insurance|school|landlord|bank|embassy|consulate|jobcentre) (?:denied|refused|rejected|cancelled|expelled|evicted) (?:her|his|my|our|us|me|him)\b|\bthe police (?:took|searched|unlocked|arrested|stopped|detained|hit|questioned) (?:my|me|our|us|him|her)\b|\b(?:grandpa|grandma|dad|mum|mom|uncle|aunt)\b[^.?!\n]{0,32}?\b(?:had dementia|left (?:the|his|her) (?:flat|house|estate|money|farm) to|is in hospice|was arrested)\b|\b(?:recently|just|fresh) out of (?:rehab|prison|jail|hospital|the closed ward)\b/giu,
  ],
  [
    'residence',
    'act.away',
    new RegExp(
      `\\b(?:[Ww]e|[Ii])(?:['’]re| are|['’]m| am) (?:\\p{Ll}+ (?:days?|weeks?|months?) )?away from home\\b|\\bthe (?:cat|dog|house|plant|baby)[- ]?sitter has (?:the|our|a) key|\\b(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)(?:day)?(?: to | ?[-–] ?)(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)(?:day)? (?:I|we)(?:['’]m|['’]re| am| are) (?:in|at|away)\\b|\\b(?:kids|children|daughter|son|baby) (?:stays?|sleeps?|walks?) (?:home )?(?:with|at|alone)\\b[^.?!\\n]{0,40}?\\b(?:house|alone|at \\p{L}+|\\d)`,
      'gu',
    ),
  ],
]);

export const houseAct: Detector = {
  name: 'act',
  find: (text, facts = new TextFacts(text)) => kinds.flatMap((kind) => matchesOf(facts, kind)),
};
