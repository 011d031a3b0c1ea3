import type { ChatRequest } from '../../chat/request.ts';
import type { SpanType } from '../detect/span.ts';
import { createTextRedactor, Refused, type FindSpans, type TextRedactor } from './redact-text.ts';
import type { RedactionBook, SessionBook } from './redaction-book.ts';
import { seals } from './seals.ts';
import { mapRequestTexts, requestTexts, unreadOf } from './request-texts.ts';

export interface RedactionSettings {
  readonly scan: FindSpans;
  /** Whether the owner lets pass what no detector reads: pictures, sounds, files. @default false */
  readonly allowsUnread?: boolean;
}

export type Redaction =
  | {
      readonly kind: 'redacted';
      /** A copy that may leave: its label is the original's, and `clear` knows that nothing else of it is. */
      readonly request: ChatRequest;
      readonly book: RedactionBook;
      /** Distinct texts that were taken out, by type. */
      readonly counts: ReadonlyMap<SpanType, number>;
    }
  | {
      /** Something in it can neither be replaced nor leave. */
      readonly kind: 'refused';
      /** Reason codes: which detectors found it. Nothing of the text. */
      readonly detectors: readonly string[];
      /** The client's field at fault, where it is one. */
      readonly field?: string;
    };

/** Times that a text is read again, for what is found only once its neighbours are gone. */
const mostPasses = 4;

/** A copy of a request in which everything sensitive is a placeholder, and which was read again after that. */
export function redactRequest(
  request: ChatRequest,
  session: SessionBook,
  { scan, allowsUnread = false }: RedactionSettings,
): Redaction {
  const unread = unreadOf(request);
  if (unread.includes('tokens') || (unread.length > 0 && !allowsUnread))
    return { kind: 'refused', detectors: [...new Set(unread)].map((type) => `unread.${type}`) };
  const book = session.open(requestTexts(request).map(({ text }) => text));
  const redactor = createTextRedactor(scan, book);
  let copy: ChatRequest = { ...request, topLogprobCount: null };
  try {
    for (let pass = 0; pass < mostPasses; pass++) {
      const changes = { count: 0 };
      copy = mapRequestTexts(copy, (text, role, label) => {
        const redacted = redactor.redact(text, role, label);
        if (redacted !== text) changes.count++;
        return redacted;
      });
      if (changes.count === 0) break;
    }
  } catch (thrown) {
    if (thrown instanceof Refused) return { kind: 'refused', detectors: thrown.detectors };
    throw thrown;
  }
  const left = leftIn(copy, redactor);
  if (left.length > 0) return { kind: 'refused', detectors: left };
  const mistaken = copy.stop.findIndex((stop) => [...book.originals.keys()].some((name) => cuts(stop, name)));
  if (mistaken >= 0) return { kind: 'refused', detectors: ['stop_in_placeholder'], field: 'stop' };
  return { kind: 'redacted', request: sealed(copy), book, counts: countsOf(book) };
}

/** The second look, at what would leave. */
function leftIn(copy: ChatRequest, redactor: TextRedactor): readonly string[] {
  const left = new Set<string>();
  for (const { text, role } of requestTexts(copy)) {
    for (const { detector } of redactor.find(text, role)) left.add(detector);
    if (redactor.holdsKnown(text)) left.add('known');
  }
  return [...left];
}

/** Whether a stop string would end the answer within a placeholder, so that it could not be restored. */
function cuts(stop: string, name: string): boolean {
  const placeholder = `[${name}]`;
  return stop !== placeholder && placeholder.includes(stop);
}

function countsOf({ known, originals }: RedactionBook): ReadonlyMap<SpanType, number> {
  const counts = new Map<SpanType, number>();
  const used = new Set(originals.values());
  for (const { type, text } of known) if (used.has(text)) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

function sealed(copy: ChatRequest): ChatRequest {
  const { input, stop, outputFormat } = deeplyFrozen({
    input: { ...copy.input },
    stop: [...copy.stop],
    outputFormat: { ...copy.outputFormat },
  });
  seals.set(input, { stop, outputFormat });
  return Object.freeze({ ...copy, input, stop, outputFormat });
}

function deeplyFrozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deeplyFrozen(inner);
  }
  return value;
}
