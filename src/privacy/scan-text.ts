import { decodedTexts } from './decoded-text.ts';
import { birthDate } from './detect/birth-date.ts';
import { cryptoWallet } from './detect/crypto-wallet.ts';
import { disclosure } from './detect/disclosure.ts';
import { handedOver } from './detect/handed-over.ts';
import { houseAct } from './detect/house-act.ts';
import { houseEvent } from './detect/house-event.ts';
import { houseMatter } from './detect/house-matter.ts';
import { iban } from './detect/iban.ts';
import { intimate } from './detect/intimate.ts';
import { labelledNumber } from './detect/labelled-number.ts';
import { marking } from './detect/marking.ts';
import { nationalId } from './detect/national-id.ts';
import { emailAddress, ipAddress, macAddress } from './detect/network.ts';
import { openDoors } from './detect/open-doors.ts';
import { otherLanguages } from './detect/other-languages.ts';
import { otherScripts } from './detect/other-scripts.ts';
import { ownPapers } from './detect/own-papers.ts';
import { ownSystems } from './detect/own-systems.ts';
import { createOwnTerms, type OwnTerm } from './detect/own-terms.ts';
import { ownLife } from './detect/own-life.ts';
import { paymentCard } from './detect/payment-card.ts';
import { person } from './detect/person.ts';
import { phone } from './detect/phone.ts';
import { placeAndThing } from './detect/place-and-thing.ts';
import { recordField } from './detect/record-field.ts';
import { secret } from './detect/secret.ts';
import { sensitiveContext } from './detect/sensitive-context.ts';
import { selfPortrait } from './detect/self-portrait.ts';
import type { Detector, Span } from './detect/span.ts';
import { spokenCredential } from './detect/spoken-credential.ts';
import { streetAddress } from './detect/street-address.ts';
import { toldOfPeople } from './detect/told-of-people.ts';
import { unannounced } from './detect/unannounced.ts';
import { TextFacts } from './detect/text-facts.ts';
import { normalText } from './normal-text.ts';

/** In the order in which spans of one place are preferred: what is certain by a check digit before what is likely. */
export const detectors: readonly Detector[] = [
  paymentCard,
  iban,
  nationalId,
  emailAddress,
  cryptoWallet,
  secret,
  spokenCredential,
  ipAddress,
  macAddress,
  phone,
  labelledNumber,
  ownSystems,
  placeAndThing,
  birthDate,
  streetAddress,
  disclosure,
  person,
  sensitiveContext,
  intimate,
  selfPortrait,
  ownLife,
  houseMatter,
  houseEvent,
  unannounced,
  openDoors,
  toldOfPeople,
  ownPapers,
  marking,
  otherLanguages,
  otherScripts,
  recordField,
  houseAct,
  handedOver,
];

/** Encodings within encodings, so deep and no deeper. */
const deepestDecoding = 3;

/** Finds what is sensitive in a text. Positions are of the text that was given. */
export type ScanText = (text: string) => readonly Span[];

export interface ScanSetup {
  /** The owner's own words. */
  readonly terms?: readonly OwnTerm[];
  /** For tests: in the place of the usual ones. */
  readonly detectors?: readonly Detector[];
}

/**
 * Fails closed: a detector that throws makes the whole text a span of the type `unread`.
 * @throws NearfarError `invalid_request` where a term of the owner's is not a pattern
 */
export function createScanText(setup: ScanSetup = {}): ScanText {
  const all = [createOwnTerms(setup.terms ?? []), ...(setup.detectors ?? detectors)];

  function findIn(facts: TextFacts): Span[] {
    const { text } = facts;
    return all.flatMap((detector): readonly Span[] => {
      try {
        return detector.find(text, facts);
      } catch {
        return [{ start: 0, end: text.length, type: 'unread', detector: `${detector.name}.failed` }];
      }
    });
  }

  function scan(given: string, depth: number): Span[] {
    const { text, sourceOf } = normalText(given);
    const facts = new TextFacts(text);
    const found = findIn(facts).map((span) => ({
      ...span,
      start: sourceOf(span.start),
      end: sourceOf(span.end),
    }));
    if (depth === deepestDecoding) return found;
    // The same characters, in the form that is quicker to read.
    for (const part of text === given ? decodedTexts(text, facts.codeRuns) : decodedTexts(given)) {
      // What was decoded has no places of its own in the text: all of its part is what it says.
      for (const { type, detector } of scan(part.text, depth + 1))
        found.push({ start: part.start, end: part.end, type, detector });
    }
    return found;
  }

  return (text) => withoutOverlaps(scan(text, 0));
}

interface Ranked {
  readonly span: Span;
  readonly rank: number;
}

/** Spans in order; those that share a place become one, of the type that was found first, as long as all. */
function withoutOverlaps(spans: readonly Span[]): Span[] {
  const kept: Ranked[] = [];
  const ordered = spans
    .map((span, rank) => ({ span, rank }))
    .sort((a, b) => a.span.start - b.span.start || a.rank - b.rank);
  for (const one of ordered) {
    const last = kept.at(-1);
    if (last === undefined || one.span.start >= last.span.end) {
      kept.push(one);
      continue;
    }
    const best = last.rank <= one.rank ? last : one;
    const end = Math.max(last.span.end, one.span.end);
    kept[kept.length - 1] = { rank: best.rank, span: { ...best.span, start: last.span.start, end } };
  }
  return kept.map(({ span }) => span);
}
