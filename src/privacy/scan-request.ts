import { RecentMap } from '../cache/recent-map.ts';
import type { KeyedHash } from '../promptcache/keyed-hash.ts';
import { decodedTexts } from './decoded-text.ts';
import type { Span } from './detect/span.ts';
import { jsonTexts, type UnreadKind } from './json-texts.ts';
import type { ScanText } from './scan-text.ts';

/** What was found in a request. Nothing of its text. */
export interface Findings {
  /** Reason codes of detectors, each once, in the order in which they were found. */
  readonly detectors: readonly string[];
  /** A detector failed on a part of it, so that it is not known what that says. */
  readonly hasFailed: boolean;
  readonly unread: readonly UnreadKind[];
}

export interface ScanRequestSetup {
  readonly scan: ScanText;
  /** Under a key of this process. */
  readonly hash: KeyedHash;
  /** Texts whose findings are kept, so that a chat is not read anew with each turn. @default 20,000 */
  readonly keptCount?: number;
}

/** Finds in every string of a JSON value. At once, or for long ones in pieces between which others get their turn. */
export type ScanRequest = (value: unknown) => Findings | Promise<Findings>;

/** Read without a pause, in characters: some 15 ms. */
const pieceLength = 32_768;
/** What a piece has in common with the one before, so that nothing is cut in two. */
const overlapLength = 512;
/** Others get their turn. Pages have no `setImmediate`. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
const identifier = /^[\w.:|/+=-]+$/;

export const nothingFound: Findings = { detectors: [], hasFailed: false, unread: [] };

export function createScanRequest({ scan, hash, keptCount = 20_000 }: ScanRequestSetup): ScanRequest {
  /** Code of what was found in a text, by the text's hash. */
  const kept = new RecentMap<string, readonly string[]>(keptCount);

  function identifierSpans(text: string): readonly Span[] {
    // What an identifier says once it is decoded is no identifier.
    return [...scan(text).filter(tells(text)), ...decodedTexts(text).flatMap((part) => scan(part.text))];
  }

  function codesOf(text: string, isIdentifier: boolean): readonly string[] {
    const key = hash(isIdentifier ? `i${text}` : `t${text}`, 32);
    const known = kept.get(key);
    if (known !== undefined) return known;
    let codes: readonly string[];
    try {
      const spans = isIdentifier ? identifierSpans(text) : scan(text);
      codes = [...new Set(spans.map(({ detector }) => detector))];
    } catch {
      codes = ['scan.failed'];
    }
    kept.set(key, codes);
    return codes;
  }

  async function inPieces(
    texts: readonly string[],
    codes: Set<string>,
    unread: readonly UnreadKind[],
  ): Promise<Findings> {
    let readLength = 0;
    for (const text of texts) {
      for (const piece of piecesOf(text)) {
        if (readLength + piece.length > pieceLength) {
          await turn();
          readLength = 0;
        }
        readLength += piece.length;
        for (const code of codesOf(piece, false)) codes.add(code);
      }
    }
    return findings(codes, unread);
  }

  return (value) => {
    const { texts, identifiers, unread } = jsonTexts(value);
    const codes = new Set<string>();
    for (const text of identifiers) for (const code of codesOf(text, true)) codes.add(code);
    let length = 0;
    for (const text of texts) length += text.length;
    if (length > pieceLength) return inPieces(texts, codes, [...unread]);
    for (const text of texts) for (const code of codesOf(text, false)) codes.add(code);
    return findings(codes, [...unread]);
  };
}

function findings(codes: ReadonlySet<string>, unread: readonly UnreadKind[]): Findings {
  if (codes.size === 0 && unread.length === 0) return nothingFound;
  const detectors = [...codes];
  return { detectors, hasFailed: detectors.some((code) => code.endsWith('.failed')), unread };
}

/** Random words are what identifiers are made of; a name of the owner's, a key by its form, or nothing but a number is more. */
function tells(text: string): (span: Span) => boolean {
  if (!identifier.test(text)) return () => true;
  return ({ start, end, type, detector }) =>
    type === 'own_term' ||
    type === 'unread' ||
    (start === 0 && end === text.length && type !== 'secret') ||
    (type === 'secret' && !['secret.entropy', 'secret.named', 'secret.paired'].includes(detector));
}

function* piecesOf(text: string): Generator<string> {
  if (text.length <= pieceLength) {
    yield text;
    return;
  }
  for (let at = 0; at < text.length; at += pieceLength - overlapLength) {
    yield text.slice(at, at + pieceLength);
    if (at + pieceLength >= text.length) return;
  }
}
