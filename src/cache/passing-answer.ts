import type { ChatPart, Usage } from '../chat/part.ts';

/** What passing bytes say, as a protocol's reader tells it; nobody knows the times. */
export type PassingPart =
  Exclude<ChatPart, { type: 'finish' | 'error' }> | { readonly type: 'finish'; readonly usage: Usage };

export interface PassingItem {
  readonly bytes: Uint8Array;
  readonly parts: readonly PassingPart[];
  /** The connection was lost here: what the client has is enough, but not all that the upstream wanted to send. */
  readonly isCut?: true;
}

/** An answer in an upstream's own language, on its way through. */
export interface PassingAnswer {
  readonly contentType: string;
  readonly items: {
    /** @throws NearfarError where the answer breaks off */
    next(): Promise<IteratorResult<PassingItem, undefined>>;
    return(): void;
    /** True: `next` has nothing more. */
    readonly isOver?: boolean;
  };
}

/** A replayed stream is still one of pieces, of about so many bytes. */
const pieceByteCount = 2048;

/** Pure: items with nothing but their bytes and what they say, small ones joined. */
export function joinedItems(items: readonly PassingItem[]): readonly PassingItem[] {
  const joined: PassingItem[] = [];
  let held: PassingItem[] = [];
  const close = (): void => {
    if (held.length === 0) return;
    const bytes = Buffer.concat(held.map((item) => item.bytes));
    joined.push({ bytes, parts: held.flatMap(({ parts }) => parts) });
    held = [];
  };
  let heldByteCount = 0;
  for (const item of items) {
    held.push(item);
    heldByteCount += item.bytes.byteLength;
    if (heldByteCount < pieceByteCount) continue;
    close();
    heldByteCount = 0;
  }
  close();
  return joined;
}

/**
 * Pure: whether an answer came to its end in all that can be seen: each choice ended, its usage was told or not, no error
 * stands in it and its connection was not lost. What nobody here understood is not known to be whole.
 */
export function isWhole(items: readonly PassingItem[], isStreamed: boolean): boolean {
  if (items.some(({ isCut }) => isCut === true)) return false;
  const types = new Set(items.flatMap(({ parts }) => parts.map(({ type }) => type)));
  if (!types.has('start') || !types.has('choice-end') || !types.has('finish')) return false;
  return isStreamed || isWholeBody(Buffer.concat(items.map(({ bytes }) => bytes)).toString('utf8'));
}

function isWholeBody(text: string): boolean {
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { error, status, type, stop_reason: stopReason, done } = body;
  if (error !== undefined && error !== null) return false;
  // Of the responses API: others are `failed`, `in_progress`, `queued`, `cancelled`.
  if (status !== undefined && status !== 'completed' && status !== 'incomplete') return false;
  if (type === 'message' && typeof stopReason !== 'string') return false;
  return done !== false;
}
