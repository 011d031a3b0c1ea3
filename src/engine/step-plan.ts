import type { Priority } from '../chat/request.ts';

/** What the scheduler sees of a sequence that waits. */
export interface WaitingView {
  readonly key: number;
  /** The class that it counts as. */
  readonly priority: Priority;
  /** Would miss its time to the first token if it waited for bulk to end. Never true of bulk. */
  readonly isUrgent: boolean;
  /** Tokens that must be computed before the first new one, after what a cache holds. At least 1. */
  readonly uncachedTokenCount: number;
  /** Tokens that a cache holds; the uncached ones read them. */
  readonly cachedTokenCount: number;
  /** Cells that restoring the cached part will take from the free ones. */
  readonly restoreCellCount: number;
  /** Cells that are evictable now and that this sequence's cached prefix will pin. */
  readonly pinnedCellCount: number;
  /** True while a running sequence is computing a prefix that this one will share. */
  readonly waitsForPrefix: boolean;
}

export interface RunningView {
  readonly key: number;
  /** Whether this is a step of its group's; see group-schedule.ts. The others only hold their slots and cells. */
  readonly isInTurn: boolean;
  readonly priority: Priority;
  /** Milliseconds since it last had a part in a step. */
  readonly idleMs: number;
  /** Prompt tokens not computed yet; 0 = decoding. */
  readonly pendingTokenCount: number;
  /** Rows that it takes when decoding, its last token and those behind it that were not drawn. */
  readonly rowCount: number;
  /** Tokens that have cells; each new one reads them all. */
  readonly contextTokenCount: number;
}

export interface SchedulerView {
  /** Of the group whose step it is. In turn: classes above bulk first. */
  readonly waiting: readonly WaitingView[];
  /** In order of admission. */
  readonly running: readonly RunningView[];
  readonly freeCellCount: number;
  /** Cells of idle prefixes that can be taken back. */
  readonly evictableCellCount: number;
  /** How many more sequences may run. */
  readonly freeSlotCount: number;
  /** Widest step, in tokens. */
  readonly batchTokenCount: number;
  /** Milliseconds that a step may take while somebody of the class reads. */
  readonly targetsMs: Readonly<Record<Priority, number>>;
  /** Milliseconds that the step may take for the sake of other groups' readers; see group-schedule.ts. */
  readonly limitMs: number;
  /** Whether somebody above bulk may come at any time, so that bulk's own steps should be short. */
  readonly expectsPeople: boolean;
  /** Milliseconds that a step may take with bulk in it while somebody above bulk is here or may come. */
  readonly sharedStepMs: number;
  /** Milliseconds that bulk may add to a step that somebody above it has a part in; see bulk-credit.ts. */
  readonly bulkCreditMs: number;
  /** Milliseconds after which the next voice prompt would still be in time; Infinity where none is expected. */
  readonly hardLimitMs: number;
  /** What a step costs by its tokens and the pairs that they read (see StepWork). Pure within one call. */
  readonly predictMs: (tokenCount: number, readPairCount: number) => number;
  /** Readers' tokens go into a batch of their own, before the one with prompts. */
  readonly readersApart: boolean;
}

export interface StepPlan {
  /**
   * Bulk to be taken out for a prompt that cannot wait. If there is any, that is all of the plan: what it frees is known
   * only when it is out.
   */
  readonly swapOut: readonly number[];
  /** To be preempted for want of cells. */
  readonly preempt: readonly number[];
  readonly admit: readonly number[];
  /** Running sequences that decode their rows. */
  readonly decode: readonly number[];
  /** How many rows, where that is more than one. */
  readonly rowCounts: ReadonlyMap<number, number>;
  readonly prefill: readonly { readonly key: number; readonly tokenCount: number }[];
  /** What it takes without bulk that is not due; 0 where nobody above bulk has a part in it. */
  readonly peopleMs: number;
  /** What bulk adds to that. */
  readonly bulkMs: number;
}

/** Does nothing. */
export const emptyPlan: StepPlan = {
  swapOut: [],
  preempt: [],
  admit: [],
  decode: [],
  rowCounts: new Map(),
  prefill: [],
  peopleMs: 0,
  bulkMs: 0,
};
