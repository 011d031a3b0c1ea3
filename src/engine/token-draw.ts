import type { Decoder } from './decoder.ts';
import type { PartOutbox } from './part-outbox.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { Sequence } from './sequence.ts';
import type { BatchEntry } from './step-batch.ts';

export interface DrawSetup {
  readonly decoder: Decoder;
  readonly outbox: PartOutbox;
  /** One more token was taken for it, drawn or forced. */
  readonly onToken: (sequence: Sequence, isForced: boolean) => void;
  readonly now: () => number;
}

/**
 * Draws the next token of an entry, and as long as the draws are what was drafted, the ones after it; see `Speculator`.
 * Tokens that a draw brings with it, because the grammar forces them, may have been drafted too.
 * @throws what drawing throws; the request cannot go on then
 */
export function drawTokens(entry: BatchEntry, { decoder, outbox, onToken, now }: DrawSetup): void {
  const { sequence, row, draft } = entry;
  const { request, choice } = sequence;
  const { id, priority } = request.command;
  for (;;) {
    const index = entry.acceptedCount;
    const { tokens, forcedTokenCount, parts, end } = choice.advance(decoder.logits(row + index));
    request.firstTokenAt ??= now();
    for (let taken = 0; taken < tokens.length; taken++) {
      request.completionTokenCount++;
      onToken(sequence, taken >= tokens.length - forcedTokenCount);
    }
    for (const part of parts) outbox.push(id, part, priority === 'bulk');
    if (end !== null) {
      outbox.push(id, end);
      request.openChoiceCount--;
      return;
    }
    sequence.tokens.push(...tokens);
    const foreseenCount = tokens.findIndex((token, offset) => token !== draft[index + offset]);
    const acceptedCount = foreseenCount < 0 ? tokens.length : foreseenCount;
    sequence.computedCount += acceptedCount;
    entry.acceptedCount += acceptedCount;
    if (acceptedCount < tokens.length) return;
  }
}

/** Takes the cells of drafted tokens back that were not drawn. */
export function takeBackRejected(
  { sequence, draft, acceptedCount }: BatchEntry,
  { decoder, cache }: { readonly decoder: Decoder; readonly cache: PrefixCache },
): void {
  const { hold, computedCount, request } = sequence;
  const rejectedCount = draft.length - acceptedCount;
  request.draftedTokenCount += draft.length;
  request.acceptedTokenCount += acceptedCount;
  if (hold === null || rejectedCount === 0) return;
  decoder.removeSequence(hold.sequence, computedCount, -1);
  cache.setTail(hold, hold.tailTokenCount - rejectedCount);
}
