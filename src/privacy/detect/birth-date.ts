import { kindOf, matchesOf, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

const month = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*';
const date = `(?:\\d{1,2}[./-]\\d{1,2}[./-]\\d{2,4}|\\d{4}[./-]\\d{1,2}[./-]\\d{1,2}|${month}\\.? \\d{1,2}(?:st|nd|rd|th)?,? \\d{2,4}|\\d{1,2}(?:st|nd|rd|th)?(?: of)? ${month}\\.?,? \\d{2,4})`;
const labelled = new RegExp(
  `(?:\\bd\\.?o\\.?b\\b\\.?|\\bdate of birth\\b|\\bbirth ?(?:date|day)\\b|\\bborn\\b|\\bgeboren\\b|\\bgeburtsdatum\\b|\\bné(?:e)? le\\b|\\bnacid[oa] el\\b)[^\\n\\d]{0,24}?${date}`,
  'gi',
);
/** A person says it of himself, or of somebody of his: what a story or a sum says of people is no one's secret. */
const ownAge =
  /\b(?:i(?:'| a)?m|my (?:\p{L}+ ){1,2}is|i (?:just )?turned|i(?:['’]ll| will) (?:be|turn))\s+(?:now |only |almost |about )?(?:1[0-9]|[2-9]\d)(?:[ -]?(?:years?[ -]old|y\/?o)|(?=\s*[.,!?;)]|\s+and\b|$))/giu;

const kinds = [kindOf('birth_date', 'birth_date', labelled), kindOf('age', 'birth_date.own_age', ownAge)];

/** Dates of birth beside a word that says so, and ages that people give of themselves. */
export const birthDate: Detector = {
  name: 'birth_date',
  find: (text, facts = new TextFacts(text)) => kinds.flatMap((kind) => matchesOf(facts, kind)),
};
