import { minimumPrefillTokenCount, prefillWidth } from './prefill-width.ts';

/**
 * Decides what one step does. Pure: it sees counts, not tokens or cells, and returns a plan.
 *
 * Order of claims on a step: every decoding sequence's next token first (readers are waiting), then prefill in order
 * of arrival, within the tokens that keep the step under the inter-token target. With nobody reading, prefill takes
 * the whole batch. When cells run out, the youngest running sequence is preempted; the oldest never is, so that the
 * work always moves.
 */
export interface WaitingView {
  readonly key: number;
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
  /** Prompt tokens not computed yet; 0 = decoding. */
  readonly pendingTokenCount: number;
  /** Tokens that have cells; each new one reads them all. */
  readonly contextTokenCount: number;
}

export interface SchedulerView {
  /** In order of arrival (preempted ones first). */
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
  /** Milliseconds that a step may take while somebody reads. */
  readonly targetMs: number;
  /** What a step costs by its tokens and the pairs that they read (see StepWork). Pure within one call. */
  readonly predictMs: (tokenCount: number, readPairCount: number) => number;
  /** Readers' tokens go into a batch of their own, before the one with prompts. */
  readonly readersApart: boolean;
}

export interface StepPlan {
  /** To be preempted, youngest first. */
  readonly preempt: readonly number[];
  readonly admit: readonly number[];
  /** Running sequences that decode one token each. */
  readonly decode: readonly number[];
  readonly prefill: readonly { readonly key: number; readonly tokenCount: number }[];
}

/** Cells kept free at admission for tokens that are about to be generated, per running sequence. */
const reservedCellsPerSequence = 16;

export function schedule(view: SchedulerView): StepPlan {
  const preempt: number[] = [];
  const running = [...view.running];
  let available = view.freeCellCount + view.evictableCellCount;

  // Every decoding sequence takes one cell. Preempted cells become evictable, but how many is not known here
  // (prefixes may be shared), so the plan preempts one a step and decodes only what fits.
  const decodingCount = running.filter((sequence) => sequence.pendingTokenCount === 0).length;
  if (available < decodingCount) {
    const youngest = running.length > 1 ? running.pop() : undefined;
    if (youngest !== undefined) preempt.push(youngest.key);
  }

  const decode: number[] = [];
  let readPairCount = 0;
  for (const sequence of running) {
    if (sequence.pendingTokenCount !== 0 || decode.length >= view.batchTokenCount || available < 1) continue;
    decode.push(sequence.key);
    readPairCount += sequence.contextTokenCount;
    available--;
  }

  const prefill: { key: number; tokenCount: number }[] = [];
  let room = view.batchTokenCount - decode.length;
  // What the prompts' batch holds so far, and the time that is left for it.
  let batchTokenCount = decode.length;
  let targetMs = view.targetMs;
  if (view.readersApart && decode.length > 0) {
    targetMs -= view.predictMs(decode.length, readPairCount);
    batchTokenCount = 0;
    readPairCount = 0;
  }
  /** Takes as much of a prompt as the step has room and, if somebody reads, time for. Returns how much. */
  const fill = (key: number, wanted: number, contextTokenCount: number): number => {
    const limit = Math.min(wanted, room);
    const tokenCount =
      decode.length === 0
        ? limit
        : prefillWidth({
            tokenCount: batchTokenCount,
            readPairCount,
            contextTokenCount,
            limit,
            // One prompt always moves; others only as far as the target allows.
            least: prefill.length === 0 ? minimumPrefillTokenCount : 0,
            targetMs,
            predictMs: view.predictMs,
          });
    // The step's time is used up once a prompt had to be cut: what others could add would be slivers.
    room = decode.length > 0 && tokenCount < wanted ? 0 : room - tokenCount;
    if (tokenCount <= 0) return 0;
    prefill.push({ key, tokenCount });
    batchTokenCount += tokenCount;
    readPairCount += tokenCount * contextTokenCount;
    return tokenCount;
  };
  for (const sequence of running) {
    if (sequence.pendingTokenCount === 0) continue;
    const wanted = Math.min(sequence.pendingTokenCount, available);
    if (wanted === 0) continue;
    available -= fill(sequence.key, wanted, sequence.contextTokenCount);
  }

  // A sequence that cannot go on because the pool is full: make room by preempting the youngest (never the oldest).
  const stuck =
    preempt.length === 0 &&
    decode.length === 0 &&
    prefill.length === 0 &&
    running.some((sequence) => sequence.pendingTokenCount > 0);
  if (stuck && running.length > 1) {
    const youngest = running.pop();
    if (youngest !== undefined) preempt.push(youngest.key);
  }

  const admit: number[] = [];
  if (preempt.length === 0) {
    let freeSlotCount = view.freeSlotCount;
    let pendingCellCount = running.reduce((sum, sequence) => sum + sequence.pendingTokenCount, 0);
    for (const { tokenCount } of prefill) pendingCellCount -= tokenCount;
    let runningCount = running.length;
    for (const sequence of view.waiting) {
      if (freeSlotCount === 0 || room <= 0) break;
      if (sequence.waitsForPrefix) continue;
      const needed = sequence.uncachedTokenCount + sequence.restoreCellCount + sequence.pinnedCellCount;
      const reserve = reservedCellsPerSequence * runningCount;
      // First come, first served: nobody overtakes a prompt that is too long for the cells that are left.
      if (runningCount > 0 && available - pendingCellCount < needed + reserve) break;
      const tokenCount = fill(sequence.key, sequence.uncachedTokenCount, sequence.cachedTokenCount);
      if (tokenCount === 0) break;
      admit.push(sequence.key);
      freeSlotCount--;
      runningCount++;
      available -= sequence.restoreCellCount + sequence.pinnedCellCount + tokenCount;
      pendingCellCount += sequence.uncachedTokenCount - tokenCount;
    }
  }
  return { preempt, admit, decode, prefill };
}
