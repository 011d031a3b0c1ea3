import { anchorOf } from './anchor-words.ts';
import { kindOf, kindsOf, matchesAround, matchesOf, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What is told of people who are not there: leave, ratings, what went wrong with one of one's own, records with a name, numbers that
 * stand for a person, who proceeds against whom, where people with guns will be, and what is kept from whom.
 */

const full = "(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof)\\.? )?\\p{Lu}[\\p{L}'’-]+ (?:\\p{Lu}\\.? )?\\p{Lu}[\\p{L}'’-]+";
const titled = "(?:Mr|Mrs|Ms|Miss|Dr|Prof)\\.? \\p{Lu}[\\p{L}'’-]+";
const role =
  '(?:patient|pupil|student|inmate|prisoner|resident|client|customer|employee|applicant|candidate|suspect|driver|tenant|guest|donor|member|defendant)';
const record =
  '(?:[Ll]ab results?|[Bb]lood (?:work|test|results?)|[Tt]est results?|[Bb]iopsy|MRI|CT(?: scan)?|X-?[Rr]ay|[Ss]can|ECG|EKG|[Pp]sych(?:iatric|ological)? ?(?:eval(?:uation)?|report|assessment)?|[Tt]oxicology|[Dd]rug (?:test|screen)|[Dd]iagnosis|[Pp]rognosis|[Pp]rescriptions?|[Mm]edications?|[Aa]llerg(?:y|ies)|[Mm]edical (?:records?|history|file)|[Dd]ischarge (?:note|summary|letter)|[Tt]reatment plan|[Jj]uvenile record|[Cc]riminal record|[Aa]rrest record|[Pp]ersonnel file|[Pp]ay ?slip|[Ss]alary|[Pp]erformance (?:review|rating|appraisal)|[Bb]ackground check|[Cc]redit (?:report|score|history)|[Bb]ank (?:account|statement)s?|[Tt]ax returns?|[Dd]eposition|[Gg]rades|[Tt]ranscript|[Dd]isciplinary (?:hearing|record|action)|[Tt]ermination(?: letter)?|[Dd]ismissal|[Ss]everance|[Ww]arning(?: letter)?|[Pp]romotion|[Ee]xit interview|[Aa]ppeal|[Cc]omplaint|[Ww]hereabouts|[Hh]ome address|[Pp]hone number|[Cc]all log|[Cc]hat history|[Bb]rowsing history)';

const kinds = kindsOf([
  [
    'person',
    'people.record',
    new RegExp(
      `\\b${record} (?:of|for|from|by|against|about|to) (?:(?:our |the |my )?${role} )?(?:${titled}|${full}|(?<=${role} )(?:\\p{Lu}[\\p{L}'’-]+|#?\\d{3,}))`,
      'gu',
    ),
  ],
  [
    'account_number',
    'people.numbered',
    /\b(?:customer|client|employee|inmate|prisoner|subscriber|donor|claimant|applicant|policyholder|cardholder|pupil|student|suspect|detainee|trainee)(?: no\.?| nr\.?| #)? ?#?\d{4,10}\b(?! (?:people|customers|dollars|units|years|years|times))/giu,
  ],
  [
    'health',
    'people.leave',
    new RegExp(
      `\\b(?:[Ss]he|[Hh]e|\\p{Lu}\\p{Ll}+|[Mm]y \\p{Ll}+|[Oo]ur \\p{Ll}+)(?: (?:just|already|has|have|had|will|is|was))* (?:asked for|requested|requests|wants|(?:is|goes|went|was|be) (?:out )?on|took|take|applied for|taking|is taking|needs|out on) (?:\\p{Ll}+ ){0,2}?(?:maternity|paternity|parental|sick|medical|stress|unpaid|bereavement|compassionate|disability) leave\\b|\\b(?:[Oo]ur|[Mm]y) (?:\\p{Ll}+ )?\\p{L}+ is out (?:for|with|on|sick)\\b`,
      'gu',
    ),
  ],
  [
    'confidential',
    'people.rating',
    new RegExp(
      `\\b(?:[Hh]is|[Hh]er|[Tt]heir|\\p{Lu}\\p{Ll}+['’]s) (?:last |annual |mid-?year |\\d{4} )*(?:performance|appraisal|annual|employee|probation) (?:rating|review|score|evaluation|appraisal)s? (?:is|was|says|came|will|shows)\\b|\\b[Rr]ank (?:these|the|my|our) (?:\\p{Ll}+ )?(?:employees|people|engineers|staff|reports|team members|candidates)\\b[^.?!\\n]{0,24}?\\b(?:for|by)\\b[^.?!\\n]{0,16}?\\b(?:layoffs?|dismissal|termination|redundancy|performance)`,
      'gu',
    ),
  ],
  [
    'confidential',
    'people.of_mine',
    /\b(?:one|two|three|four|some|several|half|most|many) of (?:my|our) (?:direct |senior |junior |former )?(?:reports|employees|staff|people|team(?: members)?|engineers|managers|students|pupils|patients|clients|customers|tenants|colleagues|executives|nurses|drivers|suppliers|investors|directors|neighbou?rs|teachers|residents) (?:is|are|was|were|has|have|had|got|wants?|failed|left|stole|steals?|complain\p{L}+|told|lied|threaten\p{L}*|cheat\p{L}*)\b/giu,
  ],
  [
    'confidential',
    'people.wrongdoing',
    new RegExp(
      `\\b(?:[Oo]ur|[Mm]y) (?:former |old |new |last )*(?:(?:head|director|vp|vice president|chief|manager) of [\\p{L} ]{2,24}?|ceo|cfo|cto|coo|CEO|CFO|CTO|COO|accountant|bookkeeper|engineer|developer|nurse|driver|receptionist|cleaner|analyst|recruiter|treasurer|secretary|janitor|nanny|babysitter|contractor|teacher|coach|priest|doctor|landlord|tenant|client|employee|colleague|co-?worker|boss|manager|supervisor|intern) (?:was|were|is|got|has been|will be|has|had|admits?|admitted|confessed|confesses|lied|lies|stole|steals|takes?|took|drinks|sells|forged|falsified|hid|hides|paid|killed|hit|touched|harass\\p{L}+)(?: (?:being|been|also|just))*(?: (?:fired|dismissed|arrested|charged|caught|suspended|accused|demoted|sued|convicted|sick|ill|pregnant|drunk|bipolar|depressed|gay|undocumented|under investigation)\\b| (?:for|that|to|from|bribes?|kickbacks?|money|drugs|pills)\\b| (?:no|a|an|the) (?:work permit|criminal record|affair|addiction|tumou?r)\\b)`,
      'gu',
    ),
  ],
  [
    'legal',
    'people.against_me',
    /\b(?:is|are|was|were|has been|have been|keeps?|started|threatens? to|wants? to|threatened to) (?:suing|sue|evicting|evict|investigating|charging|charge|prosecuting|prosecute|blackmailing|blackmail|stalking|harassing|threatening|fire|firing|auditing|audit|deporting|deport|extorting|extort|bullying|abusing|beating|report|reporting) (?:me|us|my|our)\b|\bsubpoena (?:asks|for|demands|orders|requires|from|names)\b|\b(?:settlement|plea deal) with (?:the |our |my |mr |mrs |ms )?[\p{L}.]+ (?:costs?|is|was|of|for|pays?|includes?)\b[^.?!\n]{0,24}?\d/giu,
  ],
  [
    'legal',
    'people.docket',
    /\b(?:case|docket|cause|file|matter|index)(?: no\.?| number| #)? ?#?(?:\d{2}-[A-Z]{2,3}-\d{3,}|\d{2,4}\/\d{3,})\b/giu,
  ],
  [
    'confidential',
    'people.movement',
    /\b(?:convoy|patrol|platoon|battalion|squad|submarine|frigate|destroyer|drone|troops|motorcade|swat team|special forces|raid|airstrike|prisoner transfer|transport of (?:prisoners?|cash|gold)|cash (?:transport|van)|armou?red (?:car|truck)|courier|guards?|sentr(?:y|ies)|shipment of (?:gold|cash|weapons|drugs|diamonds|money)|ambassador|agent|informant|source)\b[^.?!\n]{0,48}?\b(?:leaves?|departs?|moves?|changes?|begins?|starts?|arrives?|launch(?:es)?|deploys?|meets?|is|strikes?|attacks?)\b[^.?!\n]{0,32}?\b(?:at (?:\d{4}|\d{1,2}(?::\d\d| ?(?:am|pm))|dawn|dusk|midnight|noon|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)|on (?:mon|tues|wednes|thurs|fri|satur|sun)day|tonight|tomorrow)\b|\b(?:witness|informant|whistle-?blower|source|agent|defector)(?: (?:no\.? ?)?\d+| \p{Lu}\p{Ll}+)?(?: in the \p{Lu}\p{Ll}+ (?:trial|case))?(?:['’]s name)? (?:is (?:someone|somebody|hiding|called|named)|(?:now )?lives|works (?:in|at|for))\b/giu,
  ],
  [
    'person',
    'people.kept_from',
    /\b(?:hid(?:e|es|den|ing)?|kept|keep(?:s|ing)?) (?:it|this|that|her|him|them|my|our|the)(?: [\p{L}]+){0,3} from (?:my|her|his|our|the) (?:wife|husband|parents?|family|boss|employer|manager|kids|children|partner|girlfriend|boyfriend|police|irs|bank|insurer|insurance|court|ex|auditors?|regulators?|investors|board)\b|\bi (?:have|keep|hide|store|stash(?:ed)?)\b[^.?!\n]{0,32}?\b(?:cash|gold|jewell?e?ry|guns?|savings|valuables)\b[^.?!\n]{0,16}?\b(?:at home|in my|in the|under|behind|beneath)\b|\bi (?:converted to|secretly (?:am|was|love|date|date|see|work))\b|\bmy (?:security )?clearance\b|\bhelp me (?:hide|launder|evade)\b/giu,
  ],
  [
    'person',
    'people.called',
    /\b\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)? (?:from|in) (?:accounting|hr|HR|sales|marketing|finance|engineering|legal|payroll|support|procurement|logistics|compliance)\b|\b(?:[Tt]enant|[Gg]uest|[Pp]atient|[Rr]esident|[Ii]nmate|[Pp]risoner) in (?:room |unit |apt |apartment |cell |bed |ward )?#?\d+\p{L}?\b|\b[Mm]y (?:patient|client|student) (?:overdosed|died|relapsed|attempted|confessed|lied|attacked|is suicidal)\b|\b(?:[Hh]is|[Hh]er|[Mm]y|[Tt]heir) (?:HIV|hiv|STD|std|pregnancy|drug|hepatitis|paternity|genetic) test (?:came back|is|was|shows?)\b|\b[Mm]eeting with \p{Lu}[\p{L}&]+(?: \p{Lu}\p{L}+)? (?:at \d|on \p{Lu}|tomorrow|next|about our)|\b(?:appointment|meeting|session|consultation) with (?:my|our) (?:oncologist|psychiatrist|therapist|psychologist|cardiologist|urologist|gyn\p{L}+|lawyer|attorney|(?:divorce|immigration|bankruptcy) \p{L}+|(?:parole|probation) officer)\b|\bsecretly (?:meets?|meeting|met|sells?|selling|working|recording|buying|moving|negotiating|dating)\b|\b[Ee]mployee badge \d|\bmy (?:fingerprint|face|voice|iris|dna|DNA|genome) (?:data|scan|print|template|sample)\b/gu,
  ],
  [
    'person',
    'people.household',
    /\b(?:account|file|case|loan|policy|mortgage|estate|booking|house|home|address) of (?:the )?\p{Lu}\p{Ll}+ family\b|\b[Gg]rades?\s*:\s*\p{Lu}\p{Ll}+:? [A-F][+-]?(?=[,;\s]|$)|\b(?:[Aa]ttendees|[Pp]articipants|[Aa]pplicants|[Cc]andidates|[Pp]atients|[Ss]ubscribers|[Gg]uests|[Ll]eads|[Ww]itnesses|[Dd]onors|[Ee]mployees|[Cc]ustomers)(?: from the \p{Ll}+)?\s*:\s*(?:(?:Dr|Mr|Mrs|Ms)\.? )?\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)?[ ,(]|\b[Ll]ists? of (?:our |the )?(?:subscribers|customers|donors|members|patients|employees|clients|vendors|suppliers|informants|guests|victims)\s*(?::|we\b|who\b|and what)/gu,
  ],
]);

/** Begins with a role; the name that follows has a capital, which a look without regard to case would not see. */
export const calledPattern =
  /\b(?:[Ss]tudent|[Pp]upil|[Pp]atient|[Ee]mployee|[Tt]enant|[Cc]lient|[Cc]ustomer|[Ii]nmate|[Uu]ser|[Aa]gent|[Oo]fficer|[Ss]uspect) \p{Lu}\p{Ll}{2,}(?: \p{Lu}\p{Ll}+)? (?:got|failed|scored|was|has|had|can['’]t|cannot|wants|lives|works|complained|owes|earns)\b/uy;

const called = kindOf('person', 'people.called', calledPattern);

export const around = {
  core: /\b(?:(?:lab|blood|test|biopsy|mri|ct|x-?ray|scan|ecg|ekg|psych(?:iatric|ological)?|toxicology|drug|diagnosis|prognosis|prescriptions?|medications?|allerg(?:y|ies)|medical|discharge|treatment|juvenile|criminal|arrest|personnel|pay ?slip|salary|performance|background|credit|bank|tax|deposition|grades|transcript|disciplinary|termination|dismissal|severance|warning|promotion|exit|appeal|complaint|whereabouts|home|phone|call|chat|browsing)(?: [a-z]+){0,2} (?:of|for|from|by|against|about|to)\b|(?:customer|client|employee|inmate|prisoner|subscriber|donor|claimant|applicant|policyholder|cardholder|pupil|student|suspect|detainee|trainee)(?: no\.?| nr\.?| #)?(?: #?|#)\d{4}|(?:maternity|paternity|parental|sick|medical|stress|unpaid|bereavement|compassionate|disability) leave|(?:performance|appraisal|annual|employee|probation) (?:rating|review|score|evaluation|appraisal)|rank (?:these|the|my|our)|(?:one|two|three|four|some|several|half|most|many) of (?:my|our)|(?:our|my) (?:former |old |new |last |[a-z]+ )?(?:head|director|vp|vice|chief|manager|ceo|cfo|cto|coo|accountant|bookkeeper|engineer|developer|nurse|driver|receptionist|cleaner|analyst|recruiter|treasurer|secretary|janitor|nanny|babysitter|contractor|teacher|coach|priest|doctor|landlord|tenant|client|employee|colleague|co-?worker|boss|supervisor|intern|[a-z]+ is out|patient|student|clearance|fingerprint|face|voice|iris|dna|genome)\b|my clearance|(?:suing|sue|evicting|evict|investigating|charging|charge|prosecuting|prosecute|blackmailing|blackmail|stalking|harassing|threatening|fire|firing|auditing|audit|deporting|deport|extorting|extort|bullying|abusing|beating|report|reporting) (?:me|us|my|our)|subpoena|settlement with|plea deal|(?:case|docket|cause|file|matter|index)(?: no\.?| number| #)?(?: #?|#)\d|(?:convoy|patrol|platoon|battalion|squad|submarine|frigate|destroyer|drone|troops|motorcade|swat|special forces|raid|airstrike|prisoner transfer|transport of|cash (?:transport|van)|armou?red|courier|guards?|sentr(?:y|ies)|shipment of|ambassador|agent|informant|witness|source|whistle-?blower|defector)\b|(?:hid(?:e|es|den|ing)?|kept|keep(?:s|ing)?) (?:it|this|that|her|him|them|my|our|the)\b|i (?:have|keep|hide|store|stash(?:ed)?|converted|secretly)\b|help me (?:hide|launder|evade)|(?:account|loan|policy|mortgage|estate|booking|house|home|address|file|case) of (?:the )?[a-z]+ family|grades?\s*:|(?:attendees|participants|applicants|candidates|patients|subscribers|guests|leads|witnesses|donors|employees|customers)(?: from the [a-z]+)?\s*:|lists? of (?:our |the )?(?:subscribers|customers|donors|members|patients|employees|clients|vendors|suppliers|informants|guests|victims)|(?:tenant|guest|patient|resident|inmate|prisoner) in|(?:his|her|their|my) (?:hiv|std|pregnancy|drug|hepatitis|paternity|genetic) test|(?:appointment|meeting|session|consultation) with|secretly|employee badge|(?:accounting|hr|sales|marketing|finance|engineering|legal|payroll|support|procurement|logistics|compliance)\b(?<= (?:from|in) [a-z]+))/iy,
  anchor: anchorOf.people | anchorOf.own,
  before: 40,
  after: 128,
};

export const toldOfPeople: Detector = {
  name: 'people',
  find: (text, facts = new TextFacts(text)) => [
    ...matchesAround(facts, around, kinds),
    ...matchesOf(facts, called),
  ],
};
