import type { Decoder } from './decoder.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { StepPlan } from './step-plan.ts';
import { pendingTokenCount, type Sequence } from './sequence.ts';
import { wideTokenCount, type StepWork } from './step-cost.ts';

/** Drafted tokens by sequence. */
export type Drafts = ReadonlyMap<Sequence, readonly number[]>;

/** What a batch holds of one sequence: tokens that it has, then drafted ones. */
export interface BatchEntry {
  readonly sequence: Sequence;
  readonly isDecoding: boolean;
  /** Rows in the batch, drafted ones included. */
  readonly tokenCount: number;
  /** The row whose logits give the next token; each drafted token's row follows. -1 = more of the prompt is to come. */
  readonly row: number;
  readonly draft: readonly number[];
  /** How many of the draft were drawn; known after the draws. */
  acceptedCount: number;
}

/** Readers first and by themselves, where that is quicker; see `StepCostCurve.readersApart`. */
export function batchesOf(plan: StepPlan, readersApart: boolean): readonly StepPlan[] {
  const tokenCount = plan.prefill.reduce((sum, one) => sum + one.tokenCount, plan.decode.length);
  const isMixed = plan.decode.length > 0 && plan.prefill.length > 0;
  if (!readersApart || !isMixed || tokenCount < wideTokenCount) return [plan];
  return [
    { ...plan, prefill: [] },
    { ...plan, decode: [] },
  ];
}

export interface BatchSetup {
  readonly decoder: Decoder;
  readonly cache: PrefixCache;
  readonly running: readonly Sequence[];
  readonly plan: StepPlan;
  readonly drafts: Drafts;
}

/** Fills the decoder's batch in plan order, as far as it has room and cells can be had. */
export function fillBatch({ decoder, cache, running, plan, drafts }: BatchSetup): BatchEntry[] {
  const byKey = new Map(running.map((sequence) => [sequence.key, sequence]));
  const entries: BatchEntry[] = [];
  let room = decoder.batchTokenCount;
  decoder.clearBatch();

  function add(key: number, wanted: number, isDecoding: boolean): void {
    const sequence = byKey.get(key);
    if (sequence === undefined || sequence.hold === null) return;
    const pendingCount = pendingTokenCount(sequence);
    const ownCount = Math.min(wanted, pendingCount, room);
    if (ownCount === 0) return;
    // A draft stands behind all that is known.
    const drafted = isDecoding && ownCount === pendingCount ? (drafts.get(sequence) ?? []) : [];
    const draft = drafted.slice(0, room - ownCount);
    const tokenCount = ownCount + draft.length;
    if (!cache.makeRoom(decoder.batchTokenCount - room + tokenCount)) return;
    room -= tokenCount;
    const row = addTokens(decoder, sequence, ownCount, draft);
    entries.push({ sequence, isDecoding, tokenCount, row, draft, acceptedCount: 0 });
  }
  for (const key of plan.decode) add(key, plan.rowCounts.get(key) ?? 1, true);
  for (const { key, tokenCount } of plan.prefill) add(key, tokenCount, false);
  return entries;
}

function addTokens(decoder: Decoder, sequence: Sequence, ownCount: number, draft: readonly number[]): number {
  const { tokens, computedCount, hold } = sequence;
  const id = hold?.sequence ?? -1;
  const end = computedCount + ownCount;
  let row = -1;
  for (let position = computedCount; position < end; position++) {
    const wantsLogits = position === tokens.length - 1;
    row = decoder.addToken(tokens[position] ?? 0, position, id, wantsLogits);
  }
  draft.forEach((token, index) => decoder.addToken(token, end + index, id, true));
  return end === tokens.length ? row : -1;
}

/** What the entries cost, before any of them is counted as computed. */
export function workOf(entries: readonly BatchEntry[], cellCount: number): StepWork {
  let tokenCount = 0;
  let readPairCount = 0;
  for (const { sequence, tokenCount: added } of entries) {
    tokenCount += added;
    readPairCount += added * sequence.computedCount;
  }
  return { tokenCount, readPairCount, cellCount };
}
