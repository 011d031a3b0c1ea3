import { kindOf, matchesOf, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** Whom a person speaks of as one of his own. */
const relation =
  '(?:friend|son|daughter|kid|child|children|wife|husband|partner|boyfriend|girlfriend|brother|sister|sibling|mother|father|mom|mum|dad|parents?|boss|manager|colleague|coworker|neighbou?r|landlord|tenant|client|customer|patient|employee|student|cousin|uncle|aunt|nephew|niece|grand(?:mother|father|ma|pa)|family)';
const place = "[\\p{L}][\\p{L}\\p{M}'’.-]+(?:[ ,]{1,2}[\\p{L}][\\p{L}\\p{M}'’.-]+){0,3}";

/** Each begins with one of these words. */
export const disclosurePatterns: readonly (readonly [string, RegExp])[] = [
  [
    'postcode',
    /\b(?:my|our|his|her|their) (?:zip|postal|post)(?: ?code)?(?: is| was|:)? ?(?=[A-Z0-9 -]{0,8}\d)[A-Z0-9][A-Z0-9 -]{2,9}/iy,
  ],
  [
    'origin',
    new RegExp(
      `\\b(?:i am|i['’]m|i (?:come|came)|we are|we['’]re|my family is) (?:originally )?from ${place}`,
      'iuy',
    ),
  ],
  [
    'residence',
    new RegExp(
      `\\b(?:i|we|my ${relation}|(?:he|she) (?=lives? (?:in|at|on)\\b)) (?:currently |now )?(?:live|lives|reside|resides|grew up|moved) (?:in|at|to|on|near) (?=\\p{L})(?!the\\b|a\\b|an\\b|my\\b|our\\b|peace\\b|fear\\b)${place}`,
      'iuy',
    ),
  ],
  [
    'nationality_of_own',
    new RegExp(
      `\\bmy ${relation}(?:'s|’s)? (?:is|was) (?:an? )?\\p{Lu}\\p{Ll}+(?:ish|ese|ian|an|i)\\b`,
      'uy',
    ),
  ],
];

const kinds = disclosurePatterns.map(([name, pattern]) => kindOf('residence', `disclosure.${name}`, pattern));

/** What somebody says of where he, or somebody of his, lives or comes from. */
export const disclosure: Detector = {
  name: 'disclosure',
  find: (text, facts = new TextFacts(text)) => kinds.flatMap((kind) => matchesOf(facts, kind)),
};
