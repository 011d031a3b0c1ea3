import type { Decoder } from '../decoder.ts';
import { commonLength } from '../prefix-tree.ts';
import type { StepCost } from '../step-cost.ts';

/** What the draft model has read of a sequence that has left the loop: the next turn of its conversation begins so. */
export interface KeptRead {
  /** Of the draft model's context, which holds a cell for each token. */
  readonly id: number;
  readonly tokens: readonly number[];
  /** Only sequences of the same salt may take it over. */
  readonly salt: string;
}

/** What of a new sequence has been read, under an id of its own. */
export interface Begun {
  readonly id: number;
  readonly commonCount: number;
}

/**
 * The sequence ids of a draft model's context, and what stays in its cells when sequences leave: until cells or ids are
 * needed, or scanning them costs those who draft now too much. Cells that ids share are counted for each.
 */
export interface DraftCells {
  /** An id with as many of the first tokens, the last one left out, as `live` or what is kept has; `null` = all are in use. */
  begin(salt: string, tokens: readonly number[], live: LiveRead | null): Begun | null;
  /** Whether anything kept would help. */
  hasKept(salt: string, tokens: readonly number[]): boolean;
  /** The sequence has left: its cells stay while they may. */
  keep(read: KeptRead): void;
  /** The sequence has left: its cells are free. */
  free(id: number): void;
  /** Drops what is kept until so many tokens fit beside `liveCellCount` cells, or nothing is left to drop. */
  makeRoom(liveCellCount: number, tokenCount: number): void;
  dropAll(): void;
  readonly hasFreeId: boolean;
  readonly keptCellCount: number;
}

/** A sequence in the loop that begins with the same tokens. */
export interface LiveRead {
  readonly id: number;
  readonly commonCount: number;
}

/** Reading fewer again takes less time than looking. */
const leastKeptTokenCount = 16;
/** Of a round of one token, what the kept cells may add to it. */
const keptShare = 0.1;

export function createDraftCells(decoder: Decoder, cost: StepCost): DraftCells {
  const freeIds = Array.from({ length: decoder.sequenceCount }, (_, index) => index);
  /** Oldest first. */
  const reads = new Set<KeptRead>();
  let keptCellCount = 0;

  function take(read: KeptRead): void {
    reads.delete(read);
    keptCellCount -= read.tokens.length;
  }

  function free(id: number): void {
    decoder.removeSequence(id, 0, -1);
    freeIds.push(id);
  }

  function dropOldest(spared?: KeptRead): boolean {
    for (const read of reads) {
      if (read === spared) continue;
      take(read);
      free(read.id);
      return true;
    }
    return false;
  }

  /** The one that has most of a sequence's tokens; of its last one the logits will be wanted. */
  function find(salt: string, tokens: readonly number[]): { read: KeptRead; commonCount: number } | null {
    let found: { read: KeptRead; commonCount: number } | null = null;
    for (const read of reads) {
      if (read.salt !== salt) continue;
      const commonCount = commonLength(read.tokens, tokens, 0, tokens.length - 1);
      if (commonCount >= Math.max(leastKeptTokenCount, found?.commonCount ?? 0))
        found = { read, commonCount };
    }
    return found;
  }

  return {
    begin(salt, tokens, live) {
      const found = find(salt, tokens);
      const kept = found !== null && found.commonCount > (live?.commonCount ?? 0) ? found : null;
      if (freeIds.length === 0) dropOldest(kept?.read);
      // What lies behind the common part is of no use to its own conversation, which went on otherwise; half of a longer
      // one may be.
      if (kept !== null && (freeIds.length === 0 || 2 * kept.commonCount >= kept.read.tokens.length)) {
        const { read, commonCount } = kept;
        take(read);
        if (commonCount < read.tokens.length) decoder.removeSequence(read.id, commonCount, -1);
        return { id: read.id, commonCount };
      }
      const id = freeIds.pop();
      if (id === undefined) return null;
      const source = kept === null ? live : { id: kept.read.id, commonCount: kept.commonCount };
      if (source === null || source.commonCount === 0) return { id, commonCount: 0 };
      decoder.copySequence(source.id, id, 0, source.commonCount);
      return { id, commonCount: source.commonCount };
    },
    hasKept: (salt, tokens) => find(salt, tokens) !== null,
    keep(read) {
      if (read.tokens.length < leastKeptTokenCount) {
        free(read.id);
        return;
      }
      reads.add(read);
      keptCellCount += read.tokens.length;
      const mostMs = keptShare * cost.predictMs({ tokenCount: 1, readPairCount: 0, cellCount: 0 });
      // The latest conversation stays all the same.
      while (reads.size > 1 && keptCellCount * cost.idleCellMs(1) > mostMs) dropOldest();
    },
    free,
    makeRoom(liveCellCount, tokenCount) {
      while (liveCellCount + keptCellCount + tokenCount > decoder.cellCount && dropOldest());
    },
    dropAll() {
      while (dropOldest());
    },
    get hasFreeId() {
      return freeIds.length + reads.size > 0;
    },
    get keptCellCount() {
      return keptCellCount;
    },
  };
}
