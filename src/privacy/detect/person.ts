import { openLexicon, type Lexicon, type NameKind } from '../lexicon/lexicon.ts';
import { anchorOf } from './anchor-words.ts';
import { matchesAt, type Detector, type Span } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * Names of people. A list of names alone flags every sum about Natalia and every question about Rousseau, so a name needs
 * evidence: that it is a whole name and of what kind, that words around it speak of a person somebody knows, and not that the text
 * is about history or science. The weights are set by hand and rounded; docs/privacy.md has what they give.
 */
const threshold = 0.55;

const weights = {
  /** A record, or a wish, of or from somebody. */
  recordOf: 0.35,
  /** Words that introduce a name, or a line of its own as on an envelope. */
  introduced: 1,
  /** An e-mail address in the same text is made of the name. */
  inEmail: 1,
  title: 0.45,
  /** Both parts are known to be names, */
  givenAndSurname: 0.7,
  /** or the first, and the second is no English word, */
  givenAndUnknown: 0.6,
  /** or the first, and the second is an English word, */
  givenAndWord: 0.3,
  /** or only the second, */
  unknownAndSurname: 0.55,
  /** or neither, and neither is an English word. */
  bothUnknown: 0.5,
  /** Where a part is an English word too: May, Brown. */
  ambiguousGiven: -0.25,
  ambiguousSurname: -0.15,
  givenAlone: 0.2,
  surnameAlone: 0.15,
  /** Letters that English does not have. */
  foreignLetters: 0.45,
  middleInitial: 0.15,
  ownLine: 0.5,
  conduct: 0.4,
  addressed: 0.45,
  speaker: 0.4,
  /** Somebody speaks, is spoken of, or is spoken to. */
  personalText: 0.35,
  learnedText: -0.35,
  publicFigure: -0.8,
} as const;

const part = "\\p{Lu}(?:[\\p{L}\\p{M}]|['’-](?=\\p{L}))+";
const particle =
  '(?:de la|de los|van der|van den|von der|de|del|della|di|da|do|dos|du|van|von|der|den|ter|bin|ibn|al|el|la|le|af|av)';
const candidate = new RegExp(
  `(?=\\p{Lu})(?<![\\p{L}\\p{N}@./_-])(?:(Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam|Herr|Frau|Mme|M|Señora?|Sra?|Signora?)\\.? )?(${part})((?: \\p{Lu}\\.?)?)(?: ((?:${particle} )?${part}))?(?: (${part}))?(?![\\p{L}@_])`,
  'uy',
);
const titles: ReadonlySet<string> = new Set(
  'Mr Mrs Ms Miss Mx Dr Prof Sir Madam Herr Frau Mme M Sr Sra Signor Signora'.split(' '),
);

/** Behind one of these stands a name. */
const introduction =
  /(?:\b(?:my (?:full )?name(?:'s| is)|name(?: on the account)? is|named|called me|call me|this is|i am|i'm|signed(?: by)?|regards,?|sincerely,?|cheers,?|dear|hello|hi|hey|attn:?|attention:?|contact(?: person)?:?|recipient:?|sender:?|from:|(?:correct|change|update) (?:it|my name|the name) to|follow(?:ing)? up with|meet(?:ing)? with|appointment with|speak (?:to|with)|talk(?:ing|ed)? (?:to|with)|what'?s your name\?|to:|cc:|name:|patient:?|client:?|customer:?|employee:?|applicant:?|tenant:?|beneficiary:?|account holder:?|cardholder:?|user:|agent:|maiden name(?: is)?|behalf of|my (?:\p{Ll}+ )?(?:son|daughter|kid|child|wife|husband|brother|sister|mother|father|mom|dad|boss|manager|doctor|colleague|coworker|neighbou?r|friend|partner|boyfriend|girlfriend|landlord|lawyer|teacher|therapist|client|patient|student|employee|tenant|customer|intern|roommate|assistant|supervisor|cousin|uncle|aunt|nephew|niece|grandmother|grandfather)(?:'s name is)?,?))[ \n]{1,2}$/iu;
/** Whom somebody speaks of as his own: the name that follows may be an English word too. */
const kinIntroduction =
  /\b[Mm]y (?:\p{Ll}+ )?(?:son|daughter|wife|husband|brother|sister|boyfriend|girlfriend|fianc[ée]e?|cousin|uncle|aunt|nephew|niece|boss|neighbou?r|roommate)(?:,| named| called)? $/u;
/** Says who he is, or is written to: whoever else has the name. */
const selfIntroduction =
  /\b(?:my (?:full )?name(?:'s| is)|i am|i'm|dear|name:|signed(?: by)?|regards,?|sincerely,?)[ \n]{1,2}$/iu;
/** Of whom something is kept or wanted. */
const recordOf =
  /\b(?:results?|records?|file|chart|salary|review|account|address|number|grades|appointment|prescription|allergies|medication|diagnosis|termination|dismissal|severance|promotion|warning|reference|complaint|application|booking|order|loan|mortgage|claim|policy|invoice|letter|email|mail|reply|response|reminder|ticket|message) (?:of|for|from|about|against|to) $|\b(?:rejects?|hires?|fires?|promotes?|dismiss(?:es)?|terminates?|suspends?|expels?|sues?|warns?|evicts?) $/iu;
/** What a person does and a thing does not, behind a name. */
const conduct =
  /^(?:,| )? ?(?:lives|lived|resides|works at|works for|was diagnosed|has been diagnosed|owes|called|phoned|complain(?:s|ed)|cancel(?:s|led|ed)|wants (?:his|her|to)|asked for|failed|left (?:his|her)|applied for|who (?:rents|lives|works|drives|uses|wants|owes|earns)|from \p{Lu}\p{Ll}+ (?:works|lives|wants|called)|cannot (?:open|find|pay|log)|got an? [A-F]\b|earns|emailed|wrote to|signed|can be reached|'s (?:address|phone|email|number|password|account|salary|wife|husband|kid|son|daughter|diagnosis|medical|file|record|birthday|blood|test results?|ssn|social security|credit|income|bonus|lawyer|performance|termination|home|therapist|medication|prescription|passport|visa|bank)|, (?:aged? )?\d{1,2}(?:,|\)| years)|(?:is|was) (?:\d{2}|diagnosed|fired|arrested|pregnant|hospitali[sz]ed|admitted))\b/u;
/** A name that is spoken to, or that speaks: alone where it stands, but a person's. */
const addressed = /^, (?:can|could|would|will|please|may|did|do|are|have|thank|thanks|I|you)\b|^: ?["“«]/u;
const speaker = /\b(?:said|says|asked|told|replied|shouted(?: at)?|whispered|answered) $/u;
/** Behind an author's name: a work of his that has the name, or one named after him. */
const eponym =
  /^(?:['’]s (?:\p{Ll}+ ){0,2}?(?:theor(?:y|em|ies)|laws?|principles?|study|studies|experiments?|hierarchy|paradox|equations?|algorithm|stages?|novel|play|poem|painting|symphony|philosophy|concept|definition|hypothesis|conjecture|lemma|inequality|constant)| (?:distribution|theorem|statistic|coefficient|equations?|transform|algorithm|inequality|conjecture|scale|effect|curve|bod(?:y|ies))(?:\p{L}?))\b/u;
/** Whose words were quoted: a dash or the end of a quotation, the name, and then a work or a year. */
const quotedBefore = /(?:(?:^|\n)\s*(?:—|–|―|--)\s*|["”]\s*(?:—|–|―|--)?\s*\n?\s*)$/u;
const quotedAfter = /^,? [^\n]{0,100}?(?:["“]|\b1[0-9]{3}\b)/u;
export const personal =
  /\b(?:my|me|i'm|i am|please|your|account|appointment|customer|client|employee|patient|contact|address|phone|e-?mail|hired|meeting|resume|invoice|says|said|told|asked)\b/iuy;
export const learned =
  /\b(?:1[0-9]{3}s?|century|theor(?:y|ies|em)|philosoph\w*|presiden(?:t|cy|tial)|emperor|empire|king|queen|war|revolution|treaty|court|plaintiff|defendant|v\.|act|amendment|constitution|congress|novel|poem|painting|hypothesis|economist|psychologist|sociolog\w*|which of the following|political|government)\b/iuy;

/** Capitalised words that begin sentences, or stand in names of things. */
const noNames: ReadonlySet<string> = new Set(
  'The A An In On At For From With And But Or If When What Which Who Where Why How This That These It Its He She They We You I My His Her Their Our Your There Is Are Was Were Do Does Did Can Could Should Would Will May Have Has To As By Not No Yes Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July August September October November December Street Avenue Road University College School Hospital Company Inc Ltd Corp Bank Act Court City County State States Park River Lake Island Islands Bay Mount North South East West New Los San Santa Saint St Question Answer Name Dear Hello Hi Bot User Agent Email Phone Address Suite Apt Unit United'.split(
    ' ',
  ),
);

interface Parts {
  readonly title: string | undefined;
  readonly first: string;
  readonly initial: string;
  readonly last: string | undefined;
}

const capsOnly = (word: string): boolean => word.length > 3 && word === word.toUpperCase();

function kindWeight({ first, last }: Parts, lexicon: Lexicon): number {
  const given = lexicon.given(first);
  const isName = (kind: NameKind): boolean => kind !== 'none';
  if (last === undefined) {
    if (given === 'name') return weights.givenAlone;
    return lexicon.surname(first) === 'name' ? weights.surnameAlone : 0;
  }
  const main = last.split(' ').at(-1) ?? last;
  const surname = lexicon.surname(main);
  const isLastWord = surname === 'ambiguous' || (surname === 'none' && lexicon.isEnglish(main));
  if (isName(given)) {
    const discount = given === 'ambiguous' ? weights.ambiguousGiven : 0;
    if (isLastWord)
      return surname === 'ambiguous'
        ? weights.givenAndUnknown + weights.ambiguousSurname + discount
        : weights.givenAndWord + discount;
    return (surname === 'name' ? weights.givenAndSurname : weights.givenAndUnknown) + discount;
  }
  if (lexicon.isEnglish(first) || capsOnly(first)) return 0;
  if (surname === 'name') return weights.unknownAndSurname;
  return isLastWord || capsOnly(main) ? 0 : weights.bothUnknown;
}

const counted = { type: 'person', detector: 'person' } as const;

/** Evidence for the whole text: what kind of text it is. Between `learnedText` and `personalText`. */
function textWeight(facts: TextFacts): number {
  const count = (pattern: RegExp, anchor: number): number =>
    Math.min(3, matchesAt(facts.text, facts.startsOf(anchor), pattern, counted).length);
  const personalCount = count(personal, anchorOf.personal);
  const learnedCount = count(learned, anchorOf.learned | anchorOf.digits);
  return (weights.personalText * personalCount) / 3 + (weights.learnedText * learnedCount) / 3;
}

export const person: Detector = {
  name: 'person',
  find(given, givenFacts = new TextFacts(given)) {
    // Typed without capitals, names are found as if every word had one.
    const text = /\p{Lu}/u.test(given) ? given : given.replace(/(?<![\p{L}\p{M}'’])\p{Ll}/gu, upper);
    const facts = text === given ? givenFacts : new TextFacts(text);
    const isOwn = facts.hasAnchor(anchorOf.own);
    const lexicon = openLexicon();
    const mailboxes = text.includes('@') ? (text.toLowerCase().match(mailbox) ?? []) : [];
    /** Of the whole text; reckoned when a name needs it. */
    let ofText: number | null = null;
    const found: Span[] = [];
    let from = 0;
    for (const at of facts.capitals) {
      if (at < from) continue;
      const alone = wordAlone(text, at);
      if (alone !== null && (alone.length < 2 || isNoName(alone, lexicon, isOwn))) {
        from = at + alone.length;
        continue;
      }
      candidate.lastIndex = at;
      const match = candidate.exec(text);
      if (match === null) continue;
      const [whole, title, first = '', initial = '', second, third] = match;
      from = at + whole.length;
      if (noNames.has(first)) {
        // What follows may be a name: `Dear Jane Smith`.
        from = at + (title === undefined ? 0 : title.length + 1) + first.length;
        continue;
      }
      const last = second !== undefined && noNames.has(second) ? undefined : (third ?? second);
      const parts: Parts = { title, first, initial: initial.trim(), last };
      const before = text.slice(Math.max(0, at - 40), at);
      let score = kindWeight(parts, lexicon);
      const isKnown = score > 0;
      if (title !== undefined) score += weights.title;
      const isOfKin = text === given && isOwn && kinIntroduction.test(before);
      if (score === 0 && title === undefined && !isOfKin && lexicon.isEnglish(first)) {
        from = at + first.length;
        continue;
      }
      const name = whole.slice(title === undefined ? 0 : whole.indexOf(first));
      if (/[^\p{ASCII}’]/u.test(name) && (isKnown || !lexicon.isEnglish(first)))
        score += weights.foreignLetters;
      if (parts.initial !== '') score += weights.middleInitial;
      if (isOfKin || ((isKnown || !lexicon.isEnglish(first)) && introduction.test(before)))
        score += weights.introduced;
      if (last !== undefined && isKnown && recordOf.test(before)) score += weights.recordOf;
      const isInEmail = last !== undefined && mailboxes.some((local) => isMadeOf(local, first, last));
      if (isInEmail) score += weights.inEmail;
      if (last !== undefined && conduct.test(text.slice(at + whole.length, at + whole.length + 32)))
        score += weights.conduct;
      if (
        last === undefined &&
        isKnown &&
        (at === 0 || /[.!?:;\n>"“]\s*$/.test(before)) &&
        addressed.test(text.slice(at + whole.length, at + whole.length + 12))
      )
        score += weights.addressed;
      if (isKnown && speaker.test(before)) score += weights.speaker;
      if (last !== undefined && isOwnLine(text, at, at + whole.length)) score += weights.ownLine;
      const isInReach = score + weights.personalText >= threshold;
      if (
        isInReach &&
        !isInEmail &&
        !selfIntroduction.test(before) &&
        (lexicon.isPublicFigure(name) ||
          lexicon.isPublicFigure(`${first} ${last ?? ''}`) ||
          eponym.test(text.slice(at + whole.length, at + whole.length + 48)) ||
          (quotedBefore.test(before) &&
            quotedAfter.test(text.slice(at + whole.length, at + whole.length + 110))))
      )
        score += weights.publicFigure;
      if (isInReach && score + (ofText ??= textWeight(facts)) >= threshold)
        found.push({
          start: at,
          end: at + whole.length,
          type: 'person',
          detector: isKnown ? 'person.name' : 'person.context',
        });
      if (last === undefined && second !== undefined)
        from = at + whole.length - (third === undefined ? second.length : second.length + third.length + 1);
    }
    return found;
  },
};

/**
 * The word that begins here, where it is plain and clearly the whole of what can be a name: most capitals begin a sentence, and a look
 * at the word is cheaper than at the pattern. `null`: that is not clear.
 */
function wordAlone(text: string, at: number): string | null {
  let end = at;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (!isLetter(code)) break;
  }
  if (end === at) return null;
  const next = text.charCodeAt(end);
  if (next >= 0x80 || next === 0x27 || next === 0x2d || next === 0x40 || next === 0x5f) return null;
  const word = text.slice(at, end);
  if (titles.has(word)) return null;
  if (next !== 0x20 || noNames.has(word)) return word;
  // A capital behind it may be a surname, and these letters may begin a `von` before one.
  const behind = text.charCodeAt(end + 1);
  return behind >= 0x80 || isCapital(behind) || 'dvtbiael'.includes(text[end + 1] ?? ' ') ? null : word;
}

const isCapital = (code: number): boolean => code >= 0x41 && code <= 0x5a;
const isLetter = (code: number): boolean => isCapital(code) || (code >= 0x61 && code <= 0x7a);

/** English words that are no names, as they were met: texts begin their sentences with few. */
const plainWords = new Set<string>();
const mostPlainWords = 5000;

/** Of a word alone: it is no name, whatever stands around it. */
function isNoName(word: string, lexicon: Lexicon, isOwn: boolean): boolean {
  if (noNames.has(word)) return true;
  if (isOwn) return false;
  if (plainWords.has(word)) return true;
  const parts: Parts = { title: undefined, first: word, initial: '', last: undefined };
  const isPlain = kindWeight(parts, lexicon) === 0 && lexicon.isEnglish(word);
  if (isPlain && plainWords.size < mostPlainWords) plainWords.add(word);
  return isPlain;
}

/** One unit for one: positions must stay. */
function upper(letter: string): string {
  const capital = letter.toUpperCase();
  return capital.length === letter.length ? capital : letter;
}

/** The part of an e-mail address before its host. */
const mailbox = /[\p{L}\p{N}._+-]{3,64}(?=@[\p{L}\p{N}])/gu;

/** `jane.miller`, `miller_jane2`, `jmiller`, `janem`: so that whom an address names is not left standing beside it. */
function isMadeOf(local: string, first: string, last: string): boolean {
  const [given, family] = [first.toLowerCase(), last.toLowerCase().replace(/[^\p{L}]/gu, '')];
  const plain = local.replace(/[^\p{L}]/gu, '');
  if (given.length < 2 || family.length < 2) return false;
  const initials = { given: given.slice(0, 1), family: family.slice(0, 1) };
  const short = [initials.given + family, family + initials.given, given + initials.family];
  return (plain.includes(given) && plain.includes(family)) || short.includes(plain);
}

function isOwnLine(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(0, start - 8), start);
  const after = text.slice(end, end + 2);
  return /(?:^|\n)[>\s]*$/.test(before) && /^\s*(?:\n|$)/.test(after);
}
