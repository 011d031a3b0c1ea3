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
  /** Widest step that keeps the inter-token target, in tokens, as measured. */
  readonly targetTokenCount: number;
}

export interface StepPlan {
  /** To be preempted, youngest first. */
  readonly preempt: readonly number[];
  readonly admit: readonly number[];
  /** Running sequences that decode one token each. */
  readonly decode: readonly number[];
  readonly prefill: readonly { readonly key: number; readonly tokenCount: number }[];
}

/** Prefill that a step does even where the target is missed, so that prompts never starve behind readers. */
export const minimumPrefillTokenCount = 16;
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
  for (const sequence of running) {
    if (sequence.pendingTokenCount !== 0 || decode.length >= view.batchTokenCount || available < 1) continue;
    decode.push(sequence.key);
    available--;
  }

  let budget = view.batchTokenCount - decode.length;
  if (decode.length > 0) {
    budget = Math.min(budget, Math.max(minimumPrefillTokenCount, view.targetTokenCount - decode.length));
  }

  const prefill: { key: number; tokenCount: number }[] = [];
  for (const sequence of running) {
    if (sequence.pendingTokenCount === 0) continue;
    const tokenCount = Math.min(sequence.pendingTokenCount, budget, available);
    if (tokenCount <= 0) continue;
    prefill.push({ key: sequence.key, tokenCount });
    budget -= tokenCount;
    available -= tokenCount;
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
      if (freeSlotCount === 0 || budget <= 0) break;
      if (sequence.waitsForPrefix) continue;
      const needed = sequence.uncachedTokenCount + sequence.restoreCellCount + sequence.pinnedCellCount;
      const reserve = reservedCellsPerSequence * runningCount;
      // First come, first served: nobody overtakes a prompt that is too long for the cells that are left.
      if (runningCount > 0 && available - pendingCellCount < needed + reserve) break;
      admit.push(sequence.key);
      freeSlotCount--;
      runningCount++;
      const tokenCount = Math.min(sequence.uncachedTokenCount, budget);
      prefill.push({ key: sequence.key, tokenCount });
      budget -= tokenCount;
      available -= sequence.restoreCellCount + sequence.pinnedCellCount + tokenCount;
      pendingCellCount += sequence.uncachedTokenCount - tokenCount;
    }
  }
  return { preempt, admit, decode, prefill };
}
