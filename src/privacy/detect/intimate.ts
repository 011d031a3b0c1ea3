import { anchorOf } from './anchor-words.ts';
import { kindsOf, matchesAround, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What the law protects more than other things of a person (Regulation (EU) 2016/679, article 9), and what he would not tell
 * everybody: said by somebody of himself or of one of his.
 */
const kin =
  '(?:wife|husband|spouse|partner|fianc[ée]e?|boyfriend|girlfriend|ex|son|daughter|child|kid|baby|mother|father|mom|mum|dad|parents?|sister|brother|boss|manager|colleague|co-?worker|friend|best friend|roommate|neighbou?r|patient|client|employee|student|cousin|uncle|aunt|nephew|niece|grand(?:mother|father|ma|pa))(?:-in-law)?';
const somebody = `(?:i|my (?:\\p{Ll}+ )?${kin}|(?:\\p{Lu}\\p{Ll}+ ){1,2}(?=\\p{Ll}))`;
const condition =
  "(?:hiv(?:[- ]positive)?|aids|cancer|tumou?r|leuk[a]?emia|lymphoma|melanoma|diabet(?:es|ic)|depress(?:ion|ed)|anxiety|panic attacks?|bipolar|schizophreni[ac]|adhd|add|autis(?:m|tic)|epilep(?:sy|tic)|asthma|hepatitis|herpes|hpv|syphilis|chlamydia|gonorrh(?:o?ea)|ptsd|ocd|bpd|dementia|alzheimer(?:['’]s)?|parkinson(?:['’]s)?|multiple sclerosis|miscarri(?:age|ed)|abortion|pregnan(?:t|cy)|infertil\\p{L}+|addict(?:ion|ed)|alcoholi[cs]m?|overdose[d]?|suicid\\p{L}+|self-?harm\\p{L}*|eating disorder|anorexi[ac]|bulimi[ac]|lupus|crohn(?:['’]s)?|endometriosis|pcos|fibromyalgia|heart (?:attack|disease|failure|condition)|stroke|seizures?|chemo(?:therapy)?|dialysis|transplant|rehab|psychosis|erectile dysfunction|ibs|ulcer|covid|tuberculosis|sober|detox)";

const kinds = kindsOf([
  [
    'health',
    'intimate.health',
    new RegExp(
      `\\b${somebody} (?:(?:recently|just|also|still|once|currently|probably) )*(?:has|have|had|is|am|was|been|got|suffers? from|struggles? with|lives? with|was diagnosed with|has been diagnosed with|is being treated for|tested positive for|died of|died from|attempted|survived|is recovering from|is on|takes?|went (?:to|into))(?: (?:been|a|an|the|my|severe|chronic|stage|early|late|type|mild|terminal|breast|lung|skin|prostate|colon|clinical|postpartum|\\d{1,3}|\\p{L}+)){0,3}? ${condition}\\b`,
      'giu',
    ),
  ],
  [
    'health',
    'intimate.dose',
    /\b(?:i|my \p{Ll}+|she|he)(?: (?:am|is|was|has been|have been|currently))?(?: on| taking| takes?| prescribed| was prescribed)+ (?:\p{L}+ ){0,2}?\d{1,4} ?(?:mg|mcg|ml|iu)\b|\b(?:i|my \p{Ll}+|she|he|we)(?:['’]m| am| is| was| have been| has been| are| takes?| take)+ (?:on |taking |prescribed )?(?:sertraline|fluoxetine|escitalopram|citalopram|venlafaxine|bupropion|lithium|quetiapine|olanzapine|risperidone|aripiprazole|metformin|insulin|warfarin|methotrexate|prednisone|oxycodone|tramadol|methadone|suboxone|adderall|ritalin|vyvanse|concerta|xanax|lorazepam|diazepam|truvada|prep|ozempic|wegovy|zoloft|prozac|lexapro|wellbutrin|viagra|cialis|birth control|antidepressants?|antipsychotics?|antiretrovirals?|hormone therapy|testosterone|estrogen)\b/giu,
  ],
  [
    'health',
    'intimate.record',
    /\b(?:my|our|his|her|their) (?:\p{L}+ ){0,2}?(?:blood (?:pressure|sugar|test|type|results?)|cholesterol|a1c|viral load|cd4 count|bmi|ecg|ekg|ct scan|mri|biopsy|ultrasound|mammogram|pap smear|psa|test results?|lab results?|diagnosis|prognosis|therapist|psychiatrist|psychologist|oncologist|medication|prescription|treatment|surgery|medical (?:record|history|condition|bill)s?)(?: (?:is|are|was|were|came|shows?|showed|says|said|includes?|for)|:| [\d(])/giu,
  ],
  [
    'health',
    'intimate.patient',
    /\b(?:my|our) (?:\p{L}+ )?patients?\b[^.?!\n]{0,80}?\b(?:has|had|have|is|was|takes?|presents?|complain\p{L}*|diagnos\p{L}+|died|needs?|refus\p{L}+|admitted|discharged|prescribed|tested)\b/giu,
  ],
  [
    'legal',
    'intimate.law',
    /\b(?:i|my \p{Ll}+|we)(?: (?:have|has|had|am|is|are|was|were|been|got|just|recently|being|currently|once))*(?:['’](?:m|ve|re|s))? (?:being |been |getting |going through |filing for |in the middle of |facing |under |involved in |convicted of |charged with |accused of |arrested for |sued (?:by|for|over)|suing |served with |on )(?:a |an |the |my |our )?(?:\p{L}+ ){0,2}?(?:divorce|custody|bankruptcy|lawsuit|investigation|probation|parole|dui|dwi|assault|fraud|theft|shoplifting|possession|embezzl\p{L}+|tax evasion|restraining order|subpoena|eviction|foreclosure|deportation|indictment|malpractice|harassment|discrimination|wrongful termination)\b/giu,
  ],
  [
    'health',
    'intimate.self',
    /\b(?:i am|i['’]m|i identify as|my (?:wife|husband|partner|son|daughter|child|kid|brother|sister|boss|colleague|friend|roommate|mother|father|mom|dad) (?:is|came out as)|i came out as) (?:a |an |secretly |closeted |openly |also )*(?:gay|lesbian|bisexual|bi|queer|trans(?:gender|sexual)?|non-?binary|asexual|intersex|hiv positive|a recovering \p{L}+|undocumented|an? (?:illegal|undocumented) immigrant|an asylum seeker|muslim|jewish|hindu|sikh|catholic|protestant|mormon|atheist|buddhist|a? ?jehovah['’]s witness|a? ?(?:member of (?:the|a) (?:\p{L}+ )?(?:union|party))|roma|kurdish|uyghur)\b/giu,
  ],
  [
    'health',
    'intimate.of_name',
    new RegExp(
      `(?<!\\p{L})\\p{Lu}\\p{Ll}+ \\p{Lu}\\p{Ll}+ (?:has|was (?:recently )?diagnosed with|suffers from|is being treated for|tested positive for|died of|is recovering from|has been diagnosed with)(?: (?:been|a|an|the|severe|chronic|stage|early|late|type|mild|terminal|breast|lung|skin|prostate|colon|\\d|[a-z]+)){0,3}? ${condition}\\b`,
      'gu',
    ),
  ],
  [
    'health',
    'intimate.subject',
    /\b(?:test subject|study participant|trial participant|patient) (?:no\.? ?|# ?|id )?\d{1,6} (?:had|has|was|showed|reported|developed|died|tested)\b|\bpatient in (?:bed|room|ward) \w+|\b(?:genome|dna|fingerprints?|iris|retina|face|voice)(?: (?:file|data|template|scan|sample|sequence|profile|print|results?))+ (?:of|for|from) (?:my|our|employee|patient)\b/giu,
  ],
  [
    'legal',
    'intimate.conduct',
    new RegExp(
      `\\b(?:i|my (?:\\p{Ll}+ )?${kin})(?: (?:was|were|got|have been|has been|had been|is being|am being))(?: (?:recently|just|once|wrongly|falsely|nearly|sexually|physically|brutally|repeatedly))* (?:arrested|charged with|convicted|indicted|jailed|imprisoned|detained|deported|evicted|subpoenaed|fired|laid off|suspended|expelled|raped|assaulted|abused|molested|harassed|stalked|blackmailed|scammed)\\b|\\bi (?:have |once |secretly )*(?:cheated on my (?:taxes|wife|husband|exam|partner|girlfriend|boyfriend|finals?)|lied (?:on|about) my|failed (?:a|my|the) (?:drug|alcohol|polygraph|background) (?:test|check)|stole (?:from|money)|embezzled|forged (?:my|a|the)|evaded|falsified (?:my|our|the))`,
      'giu',
    ),
  ],
  [
    'health',
    'intimate.code',
    /\b(?:diagnos(?:is|es|ed)|dx|icd-?(?:9|10)(?:-cm)?)\b[^.?!\n]{0,24}?\b[A-TV-Z]\d{2}\.\d{1,4}\b|\b[A-TV-Z]\d{2}\.\d{1,4} ?\(?icd-?10/giu,
  ],
  [
    'residence',
    'intimate.maiden',
    /\b(?:my|our|his|her|their) (?:mother['’]s|mom['’]s|mum['’]s|wife['’]s) maiden name(?: is|:| was)? ?["“]?\p{L}[\p{L}'’-]{2,}|\bmy (?:first|childhood|favou?rite) (?:pet|school|teacher|street|car)(?:['’]s name)? (?:was|is) (?:called |named )?["“]?\p{Lu}[\p{L}'’-]{2,}/giu,
  ],
]);

/** Words of which each pattern has one; who it is about stands before. */
export const around = {
  core: new RegExp(
    `\\b(?:diagnos(?:is|es|ed)|dx|icd|arrested|charged with|convicted|indicted|jailed|imprisoned|detained|deported|evicted|subpoenaed|fired|laid off|suspended|expelled|raped|assaulted|abused|molested|harassed|stalked|blackmailed|scammed|cheated on my|lied|failed (?:a|my|the)|(?:test subject|study participant|trial participant|patient) (?:no\\.? ?|# ?|id )?\\d|patient in (?:bed|room|ward)|(?:genome|dna|fingerprints?|iris|retina|face|voice)|stole|embezzled|forged|evaded|falsified|${condition.replaceAll('\\p{L}', '[a-z]')}|\\d{1,4} ?(?:mg|mcg|ml|iu)|sertraline|fluoxetine|escitalopram|citalopram|venlafaxine|bupropion|lithium|quetiapine|olanzapine|risperidone|aripiprazole|metformin|insulin|warfarin|methotrexate|prednisone|oxycodone|tramadol|methadone|suboxone|adderall|ritalin|vyvanse|concerta|xanax|lorazepam|diazepam|truvada|prep|ozempic|wegovy|zoloft|prozac|lexapro|wellbutrin|viagra|cialis|birth control|antidepressants?|antipsychotics?|antiretrovirals?|hormone therapy|testosterone|estrogen|blood (?:pressure|sugar|test|type|results?)|cholesterol|a1c|viral load|cd4 count|bmi|ecg|ekg|ct scan|mri|biopsy|ultrasound|mammogram|pap smear|psa|test results?|lab results?|diagnosis|prognosis|therapist|psychiatrist|psychologist|oncologist|medication|prescription|treatment|surgery|medical (?:record|history|condition|bill)s?|(?:my|our) (?:[a-z]+ )?patients?|divorce|custody|bankruptcy|lawsuit|investigation|probation|parole|dui|dwi|assault|fraud|theft|shoplifting|possession|embezzl[a-z]+|tax evasion|restraining order|subpoena|eviction|foreclosure|deportation|indictment|malpractice|harassment|discrimination|wrongful termination|gay|lesbian|bisexual|bi|queer|trans(?:gender|sexual)?|non-?binary|asexual|intersex|undocumented|immigrant|asylum seeker|muslim|jewish|hindu|sikh|catholic|protestant|mormon|atheist|buddhist|jehovah|member of|roma|kurdish|uyghur|recovering|maiden name|(?:first|childhood|favou?rite) (?:pet|school|teacher|street|car))\\b`,
    'iy',
  ),
  anchor: anchorOf.intimate | anchorOf.digits,
  before: 112,
  after: 80,
};

export const intimate: Detector = {
  name: 'intimate',
  find: (text, facts = new TextFacts(text)) => matchesAround(facts, around, kinds),
};
