import type { Decoder } from '../decoder.ts';
import { commonLength } from '../prefix-tree.ts';
import { topTwo } from '../sampling/top-two.ts';
import type { Sequence } from '../sequence.ts';
import type { StepCost } from '../step-cost.ts';
import { createDraftCells, type LiveRead } from './draft-cells.ts';
import type { Draft, Drafter } from './drafter.ts';

/** A smaller model with the vocabulary of the one that it drafts for. */
export interface DraftModel {
  /** A context of its own; each sequence takes one of its ids. */
  readonly decoder: Decoder;
  readonly cost: StepCost;
  /** Most tokens of one sequence. */
  readonly contextTokenCount: number;
  /** Tokens that both models know: ids below it are the same words. */
  readonly sharedVocabTokenCount: number;
  readonly isEndOfGeneration: (token: number) => boolean;
}

/** What the draft model has read of one sequence, or drafted. */
interface Held {
  readonly id: number;
  /** Tokens with cells. */
  readonly tokens: number[];
  /** Of those, the first ones that are known to be the sequence's own. */
  ownCount: number;
  /** A token that the draft model does not know came: it cannot go on. */
  isLost: boolean;
}

/** How far the likeliest token must lie above the next one, in nats, for each evidence class but the first. */
const gapBounds = [0.25, 0.5, 1, 1.75, 2.5, 4, 6];

/**
 * Drafts with a model: its likeliest token each time, all sequences in one batch a round. What it has read stays in its
 * cells from step to step, and for the next turn of a conversation when the sequence leaves; a draft that was rejected is
 * taken back when the sequence is looked at next.
 */
export function createModelDrafter(
  { decoder, cost, contextTokenCount, sharedVocabTokenCount, isEndOfGeneration }: DraftModel,
  now: () => number,
): Drafter {
  // It is this one's alone: what another drafter of the same decoder has left there would be taken for its own.
  decoder.clearCells();
  const held = new Map<Sequence, Held>();
  const cells = createDraftCells(decoder, cost);
  /** Those for whom what is kept was looked through already. */
  const searched = new WeakSet<Sequence>();
  const { batchTokenCount } = decoder;

  const heldCellCount = (): number => {
    let count = 0;
    for (const { tokens } of held.values()) count += tokens.length;
    return count;
  };

  /** Takes back what came otherwise, and the last token too: its logits are wanted anew. */
  function follow(sequence: Sequence, known: Held): void {
    const { tokens } = sequence;
    while (known.ownCount < known.tokens.length && known.tokens[known.ownCount] === tokens[known.ownCount])
      known.ownCount++;
    known.ownCount = Math.min(known.ownCount, tokens.length - 1);
    if (known.tokens.length === known.ownCount) return;
    decoder.removeSequence(known.id, known.ownCount, -1);
    known.tokens.length = known.ownCount;
  }

  const scannedCellCount = (): number => heldCellCount() + cells.keptCellCount;

  function begin(sequence: Sequence): Held | null {
    const { tokens, request } = sequence;
    const begun = cells.begin(request.command.salt, tokens, longestCommon(sequence));
    if (begun === null) return null;
    const { id, commonCount } = begun;
    const known: Held = { id, tokens: tokens.slice(0, commonCount), ownCount: commonCount, isLost: false };
    held.set(sequence, known);
    return known;
  }

  /** What another one of the same tenant has read already need not be read again. */
  function longestCommon(sequence: Sequence): LiveRead | null {
    let best: LiveRead | null = null;
    for (const [other, { id, ownCount }] of held) {
      if (other.request.command.salt !== sequence.request.command.salt) continue;
      const most = Math.min(ownCount, sequence.tokens.length - 1);
      const commonCount = commonLength(other.tokens, sequence.tokens, 0, most);
      if (commonCount > (best?.commonCount ?? 0)) best = { id, commonCount };
    }
    return best;
  }

  /** What an earlier turn has left is taken over before anything is weighed. */
  function search(sequence: Sequence): void {
    if (held.has(sequence) || searched.has(sequence)) return;
    searched.add(sequence);
    if (cells.hasKept(sequence.request.command.salt, sequence.tokens)) begin(sequence);
  }

  function unreadTokenCount(sequence: Sequence): number {
    const { tokens } = sequence;
    if (tokens.length >= contextTokenCount) return Infinity;
    search(sequence);
    const known = held.get(sequence);
    if (known === undefined ? !cells.hasFreeId : known.isLost) return Infinity;
    if (known !== undefined) follow(sequence, known);
    const unreadCount = tokens.length - (known?.tokens.length ?? 0);
    return heldCellCount() + unreadCount > decoder.cellCount ? Infinity : unreadCount;
  }

  /** Adds tokens of the sequence to the batch. Returns the row of the last one, or -1 where the model has no such token. */
  function addUnread(sequence: Sequence, known: Held, tokenCount: number, wantsLogits: boolean): number {
    const from = known.tokens.length;
    const added = sequence.tokens.slice(from, from + tokenCount);
    if (added.some((token) => token >= sharedVocabTokenCount)) {
      known.isLost = true;
      return -1;
    }
    let row = -1;
    added.forEach((token, index) => {
      const isLast = index === added.length - 1;
      row = decoder.addToken(token, from + index, known.id, isLast && wantsLogits);
      known.tokens.push(token);
    });
    known.ownCount = known.tokens.length;
    return row;
  }

  function decode(
    work: { readonly tokenCount: number; readonly readPairCount: number },
    cellCount: number,
  ): boolean {
    const startedAt = now();
    if (decoder.decode() !== 'ok') {
      // Nothing here is worth an answer: the drafts are lost and read anew.
      for (const { id } of held.values()) cells.free(id);
      held.clear();
      cells.dropAll();
      decoder.clearCells();
      return false;
    }
    cost.observe({ ...work, cellCount }, now() - startedAt);
    return true;
  }

  function forget(sequence: Sequence): void {
    searched.delete(sequence);
    const known = held.get(sequence);
    if (known === undefined) return;
    follow(sequence, known);
    held.delete(sequence);
    cells.keep({ id: known.id, tokens: known.tokens, salt: sequence.request.command.salt });
  }

  /** One token more for each of them. Returns what each got; `null`: it ends here. */
  function round(
    members: readonly { readonly sequence: Sequence; readonly draft: Draft }[],
  ): readonly ({ readonly token: number; readonly evidence: number } | null)[] {
    // Before the batch is begun: what is copied must have been computed.
    for (const { sequence } of members) if (!held.has(sequence)) begin(sequence);
    const addedOf = (known: Held, { tokens }: Sequence, draft: Draft): number =>
      draft.tokens.length === 0 ? tokens.length - known.tokens.length : 1;
    const wanted = members.reduce((sum, { sequence, draft }) => {
      const known = held.get(sequence);
      return sum + (known === undefined ? 0 : addedOf(known, sequence, draft));
    }, 0);
    cells.makeRoom(heldCellCount(), wanted);
    const cellCount = scannedCellCount();
    let tokenCount = 0;
    let readPairCount = 0;
    decoder.clearBatch();
    const rows = members.map(({ sequence, draft }) => {
      const known = held.get(sequence);
      if (known === undefined || known.isLost) return -1;
      const last = draft.tokens.at(-1);
      const added = addedOf(known, sequence, draft);
      const hasRoom =
        tokenCount + added <= batchTokenCount &&
        cellCount + tokenCount + added <= decoder.cellCount &&
        known.tokens.length + added < contextTokenCount;
      if (!hasRoom) return -1;
      const pairs = added * known.tokens.length;
      let row: number;
      if (last === undefined) row = addUnread(sequence, known, added, true);
      else {
        row = decoder.addToken(last, known.tokens.length, known.id, true);
        known.tokens.push(last);
      }
      if (row < 0) return -1;
      tokenCount += added;
      readPairCount += pairs;
      return row;
    });
    if (tokenCount === 0 || !decode({ tokenCount, readPairCount }, cellCount)) return members.map(() => null);
    return rows.map((row) => {
      if (row < 0) return null;
      const { token, gap } = topTwo(decoder.logits(row));
      const bound = gapBounds.findIndex((least) => gap < least);
      return { token, evidence: bound < 0 ? gapBounds.length : bound };
    });
  }

  return {
    unreadTokenCount,
    forget,
    predictReadMs(sequence, tokenCount) {
      const context = held.get(sequence)?.tokens.length ?? 0;
      let total = 0;
      for (let done = 0; done < tokenCount; done += batchTokenCount) {
        const width = Math.min(batchTokenCount, tokenCount - done);
        const work = {
          tokenCount: width,
          readPairCount: width * (context + done),
          cellCount: scannedCellCount() + done,
        };
        total += cost.predictMs(work);
      }
      return total;
    },
    read(sequence, tokenCount) {
      const known = held.get(sequence) ?? begin(sequence);
      if (known === null) return;
      // Of the last token the logits will be wanted.
      const wanted = Math.min(tokenCount, batchTokenCount, sequence.tokens.length - 1 - known.tokens.length);
      if (wanted < 1) return;
      cells.makeRoom(heldCellCount(), wanted);
      const cellCount = scannedCellCount();
      const context = known.tokens.length;
      decoder.clearBatch();
      if (addUnread(sequence, known, wanted, false) < 0) return;
      decode({ tokenCount: wanted, readPairCount: wanted * context }, cellCount);
    },
    predictMs(sequences, draftedCounts, wantedCounts) {
      const cellCount = scannedCellCount();
      const most = Math.max(0, ...wantedCounts);
      let total = 0;
      for (let length = Math.min(most, ...draftedCounts); length < most; length++) {
        let tokenCount = 0;
        let readPairCount = 0;
        sequences.forEach((sequence, index) => {
          const drafted = draftedCounts[index] ?? 0;
          if (length < drafted || length >= (wantedCounts[index] ?? 0)) return;
          const context = held.get(sequence)?.tokens.length ?? 0;
          const added = length === 0 ? Math.max(1, sequence.tokens.length - context) : 1;
          tokenCount += added;
          readPairCount += added * context;
        });
        if (tokenCount > 0) total += cost.predictMs({ tokenCount, readPairCount, cellCount });
      }
      return total;
    },
    draft(sequences, wanted) {
      for (const sequence of sequences) {
        const known = held.get(sequence);
        if (known !== undefined) follow(sequence, known);
      }
      const drafts: { tokens: number[]; evidence: number[]; hasEnded: boolean }[] = sequences.map(() => ({
        tokens: [],
        evidence: [],
        hasEnded: false,
      }));
      for (;;) {
        const counts = wanted(drafts);
        const members = sequences.flatMap((sequence, index) => {
          const draft = drafts[index];
          const goesOn = draft !== undefined && !draft.hasEnded && (counts[index] ?? 0) > draft.tokens.length;
          return goesOn ? [{ sequence, draft }] : [];
        });
        if (members.length === 0) return drafts.map(({ tokens, evidence }) => ({ tokens, evidence }));
        round(members).forEach((next, index) => {
          const draft = members[index]?.draft;
          if (draft === undefined) return;
          if (next === null || next.token >= sharedVocabTokenCount) {
            draft.hasEnded = true;
            return;
          }
          draft.tokens.push(next.token);
          draft.evidence.push(next.evidence);
          // Behind the end of an answer nothing will be drawn.
          draft.hasEnded = isEndOfGeneration(next.token);
        });
      }
    },
  };
}
