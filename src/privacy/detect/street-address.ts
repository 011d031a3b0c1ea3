import { anchorOf } from './anchor-words.ts';
import {
  kindOf,
  matches,
  matchesOf,
  placesWithin,
  runsOf,
  shifted,
  windows,
  type Detector,
  type Kind,
  type Span,
  type Window,
} from './span.ts';
import { TextFacts } from './text-facts.ts';

const word = "\\p{Lu}[\\p{L}\\p{M}'’.-]*";
const month = '(?:January|February|March|April|May|June|July|August|September|October|November|December)\\b';
const longWord = `(?!${month})\\p{Lu}[\\p{L}\\p{M}'’-]{2,}`;
const number = '\\d{1,6}(?:[-/ ]?[A-Za-z]|[-/]\\d{1,4})?';
/** A name of one to four words, with what stands between them in names of streets. */
const name = `(?:(?:${word}|\\d{1,3}(?:st|nd|rd|th)|de|del|della|di|da|do|dos|das|du|des|la|le|los|van|von|der|den|the|of|al|y)\\s+){0,4}`;

/** Behind the name, a word of its own. */
const englishKinds =
  'Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Trail|Trl|Crescent|Cres|Close|Grove|Gardens|Mews|Row|Alley|Plaza|Turnpike|Pike|Loop|Crossing|Heights|Ridge|Hill|Point|Walk|Estates?|Springs?|Junctions?|Mountains?|Meadows?|Islands?|Lodge|Manor|Mills?|Mission|Motorway|Mount|Orchard|Overpass|Passage|Path|Pines?|Plains?|Prairie|Ranch|Rapids?|Shoals?|Shores?|Skyway|Spurs?|Station|Summit|Throughway|Trace|Track|Tunnel|Unions?|Valleys?|Via|Viaduct|Views?|Villages?|Ville|Vista|Wells?|Bypass|Causeway|Cliffs?|Club|Common|Corners?|Course|Coves?|Creek|Crest|Crossroad|Curve|Dale|Dam|Divide|Expressway|Extensions?|Falls?|Ferry|Fields?|Flats?|Fords?|Forest|Forges?|Forks?|Fort|Freeway|Gateway|Glens?|Greens?|Groves?|Harbors?|Haven|Hollow|Inlet|Keys?|Knolls?|Lakes?|Landing|Lights?|Locks?';
/** Before the name, in other languages; upper or lower case. */
const foreignKinds =
  '[Rr]ua|[Rr]ue|[Cc]alle|[Vv]ia|[Uu]lica|Viale|Vicolo|Piazza|Corso|C\\/|Avda\\.?|Av\\.?|Avenida|Paseo|Plaza|Praça|Travessa|Alameda|Camino|Camiño|Carrera|Carretera|Chemin|Allée|Impasse|Quai|Boulevard|Place|Route|Rúa|[Uu]l\\.|ulitsa|Straße|Strasse|Strada|Largo|Estrada|Ronda|Bulevar';
/** Ends of a name in which the kind of street is the last part of the word, or its own word behind it. */
const endings =
  '\\p{Lu}\\p{L}*(?:straße|strasse|str\\.|weg|gasse|allee|platz|ring|damm|ufer|gatan|gata|gate|gaten|vägen|vegen|veien|vei|väg|vej|gade|gränd|torget|torg|katu|tie|kuja|polku|straat|laan|plein|dijk|kade|gracht|steeg|singel|utca|utcája|köz|tér|körút|ulica|vna|cesta|trg|põik|tänav|tee|iela|gatvė|stræti|braut|vegur|caddesi|sokak|sokağı)|\\p{Lu}\\p{L}+ (?:u\\.|utca|út|útja|tér|köz|kapu|põik|tee|tn|mnt|gata|ulica|cesta|utcája|krt\\.)';

const patterns: readonly (readonly [string, RegExp])[] = [
  [
    'numbered_unit',
    /(?<![\p{L}\p{N}$€£.,])\d{1,6}[A-Za-z]?,? [\p{L}\p{M} .'’-]{3,40}(?: \d{1,5})?[,\n ]+\s?(?:suite|ste|apt|apartment|unit|flat)\.? ?#?\d{1,5}(?![\p{L}\p{N}])/giu,
  ],
  [
    'numbered',
    new RegExp(`(?<![\\p{L}\\p{N}$€£.,])${number},?\\s+${name}${word}\\s+(?:${englishKinds})\\b\\.?`, 'gu'),
  ],
  [
    'foreign',
    new RegExp(
      `(?<![\\p{L}\\p{N}])(?:${number},?\\s+)?(?:${foreignKinds})\\s+${name}(?:${word}|\\d{1,3})(?:,?\\s+(?:nº?\\s*)?${number})?(?![\\p{L}\\p{N}])`,
      'gu',
    ),
  ],
  [
    'ending',
    new RegExp(
      `(?<![\\p{L}\\p{N}])(?:(?:${number},?\\s+${name}(?:${endings})(?:\\s+${number})?)|(?:${endings})\\s+${number})(?![\\p{L}\\p{N}])`,
      'gu',
    ),
  ],
  [
    'unit',
    /(?<![\p{L}\p{N}])(?:Suite|Ste\.?|Apt\.?|Apartment|Flat|Unit|Room|Floor|Piso|Puerta)\s*#?\s?\d{1,5}[A-Za-z]?(?![\p{L}\p{N}])/giu,
  ],
  [
    'box',
    /(?<![\p{L}\p{N}])(?:P\.?\s?O\.?\s?Box|Postfach|Apartado|Unit \d+ Box|PSC \d+,? Box)\s*\d{1,6}(?:\s+(?:DPO|APO|FPO)\s+[A-Z]{2}\s+\d{5})?/giu,
  ],
  [
    'postcode',
    /(?<![\p{L}\p{N}])(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d|(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]|A[AEP])[,.]?\s+\d{5}(?:-\d{4})?|\d{4} ?[A-Z]{2}|\d{5}-\d{3,4}|\d{4}-\d{3})(?![\p{L}\p{N}-])/gu,
  ],
];
/** A house number, and lines below it as on an envelope: a place, perhaps a country with a code. */
const envelope = new RegExp(
  `(?<![\\p{L}\\p{N}$€£.,])(?:${number} (?:${longWord} ){0,3}${longWord}|(?:${longWord} ){1,3}${number})(?: [^\\n:?]{0,20})?,? ?\\n(?:[^\\n:?]{0,32}\\n){0,3} ?(?:(?:${longWord}[ ,]+)+\\p{Lu}{0,2} ?\\d{4,6}(?:-\\d{3,4})?|\\p{Lu}{4,})(?![\\p{L}\\p{N}:])`,
  'gu',
);
/** A unit or a postcode is not an address by itself, a hotel has rooms and a sum can look like a code: where this is said they are. */
const spoken =
  /\b(?:liv(?:e|es|ing)|resid(?:e|es|ing)|stay(?:s|ing)?|located|address(?:es)?(?: is| to| was)?|offices? (?:is|are)(?: located)?|meet (?:me|us|you)|deliver(?:ed|y)?(?: to)?|ship(?:ped)?(?: it)? to|moved|move|mail(?:ed)? to|side of|corner of)\b[^\n\d]{0,40}/iu;

/** A number and a name behind a word for where somebody or something is. */
const placed = new RegExp(
  `\\b(?:liv(?:e|es|ing)|resid(?:e|es|ing)|stay(?:s|ing)?|located|address(?: is| was)?:?|(?:office|restaurant|station|shop|store|clinic|school|hotel|party)s? (?:is|are)|meet (?:me|us|you)|sent|deliver(?:ed)?|ship(?:ped)?|mail(?:ed)?|moved)(?: \\p{Ll}+){0,3}[: ] ?(?:at |on |to |in |of |near )?((?:${number} ){1,2}(?:${longWord} ?){1,4}|(?:${longWord} ){1,4}${number})(?![\\p{L}\\p{N}])`,
  'gu',
);

const kinds = patterns.map(([name, pattern]) => ({
  name,
  isWeak: name === 'unit' || name === 'postcode',
  ...kindOf('street_address', `street_address.${name}`, pattern),
}));
const placedKind = kindOf('street_address', 'street_address.placed', placed);
const onEnvelope = { type: 'street_address', detector: 'street_address.envelope' } as const;

const englishKind = new RegExp(`(?:${englishKinds})\\b`, 'uy');
const foreignKind = new RegExp(`(?:${foreignKinds})\\s`, 'uy');
/** Of the endings those that are ASCII, at the end of a word. */
const asciiEnding = kindOf(
  'street_address',
  'street_address.ending',
  /(?:strasse|str\.|weg|gasse|allee|platz|ring|damm|ufer|gatan|gata|gate|gaten|vegen|veien|vei|vej|gade|torget|torg|katu|tie|kuja|polku|straat|laan|plein|dijk|kade|gracht|steeg|singel|utca|ulica|vna|cesta|trg|tee|iela|braut|vegur|caddesi|sokak|u\.|kapu|tn|mnt|krt\.)(?![A-Za-z])/g,
  1,
);

/** Where a kind that is dear to look for can be at all; `null`: not known. */
function signsOf(facts: TextFacts): Readonly<Record<string, readonly number[] | null>> {
  const { text } = facts;
  const at = (anchor: number, pattern: RegExp): readonly number[] =>
    facts.startsOf(anchor).filter((start) => {
      pattern.lastIndex = start;
      return pattern.test(text);
    });
  return {
    numbered: at(anchorOf.streets, englishKind),
    // Words begin behind an underscore and behind a letter beyond ASCII too, of which anchors know nothing.
    foreign: facts.isAscii && !text.includes('_') ? at(anchorOf.foreignStreets, foreignKind) : null,
    ending: facts.isAscii ? matchesOf(facts, asciiEnding).map(({ start }) => start) : null,
  };
}

/** What these have in them, whatever stands around: one look at the whole text. */
const postcodeSign =
  /[A-Z]\d[A-Z\d]? ?\d[A-Z]|[A-Z]{2}[,.]?\s+\d{5}|\d{4} ?[A-Z]{2}|\d{5}-\d{3}|\d{4}-\d{3}/u;
const envelopeSign = /\n ?(?:\p{Lu}{4}|(?:\p{Lu}[\p{L}\p{M}'’-]{2,}[ ,]+)+\p{Lu}{0,2} ?\d{4})/u;
const numbers = /\d+/g;

/** Addresses of houses: by kinds of streets in the languages of Europe and the Americas, or by how envelopes look. */
export const streetAddress: Detector = {
  name: 'street_address',
  find(text, facts = new TextFacts(text)) {
    if (facts.longestNumber === 0) return [];
    const signs = signsOf(facts);
    const isLikely =
      kinds.some(
        (kind) => kind.name !== 'postcode' && facts.mayMatch(kind) && signs[kind.name]?.length !== 0,
      ) ||
      facts.mayMatch(placedKind) ||
      postcodeSign.test(text) ||
      envelopeSign.test(text);
    if (!isLikely) return [];
    return windows(text, numbers, 80, 96).flatMap((window) =>
      shifted(findIn(window, facts, signs), window.start),
    );
  },
};

function findIn({ start, text }: Window, facts: TextFacts, signs: ReturnType<typeof signsOf>): Span[] {
  const end = start + text.length;
  const inside = facts.lookInto(start, end);
  const spansOf = (kind: Kind): Span[] =>
    runsOf(text, kind, placesWithin(facts, kind, start, end)).map(({ 0: whole, index }) => {
      return { start: index, end: index + whole.length, type: kind.type, detector: kind.detector };
    });
  const found: Span[] = [];
  const strong: Span[] = [];
  for (const kind of kinds) {
    const places = signs[kind.name];
    if (!inside.mayMatch(kind) || places?.some((place) => place >= start && place < end) === false) continue;
    const spans = spansOf(kind).filter((span) => /\d/.test(text.slice(span.start, span.end)));
    found.push(...spans);
    if (!kind.isWeak) strong.push(...spans);
  }
  if (inside.mayMatch(placedKind)) strong.push(...spansOf(placedKind));
  if (text.includes('\n')) strong.push(...matches(text, envelope, onEnvelope));
  if (strong.length > 0) return [...found, ...strong];
  return found.length > 1 || (found.length > 0 && spoken.test(text)) ? found : [];
}
