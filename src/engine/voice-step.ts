import { createStepDraft } from './step-draft.ts';
import {
  emptyPlan,
  type RunningView,
  type SchedulerView,
  type StepPlan,
  type WaitingView,
} from './step-plan.ts';

/** Cells kept free for tokens that are about to be generated, per running sequence. */
const reservedCellsPerSequence = 16;

/**
 * A voice prompt has a step to itself: what was predicted of it is then what it takes, and one step is all that others
 * lose. Only rows that have waited for as long as their class allows join, or a stream of voices would silence them. For
 * want of a place or cells, bulk steps aside, then `default`. Pure.
 * @returns `null` where no voice prompt can be computed now
 */
export function voiceStep(view: SchedulerView): StepPlan | null {
  const started = view.running.find(
    (one) => one.isInTurn && one.priority === 'voice' && one.pendingTokenCount > 0,
  );
  const next = view.waiting.find((one) => one.priority === 'voice' && !one.waitsForPrefix);
  if (started === undefined && next === undefined) return null;
  if (started === undefined && next !== undefined && !fits(next, view)) {
    const victim = steppingAside(view.running);
    return victim === undefined ? null : { ...emptyPlan, swapOut: [victim.key] };
  }
  const availableCellCount = view.freeCellCount + view.evictableCellCount;
  const draft = createStepDraft({ ...view, availableCellCount, hardLimitMs: Infinity });
  const claim = { limitMs: Infinity, least: 0, isStrict: false };
  if (started !== undefined) {
    const { key, contextTokenCount } = started;
    const tokenCount = Math.min(started.pendingTokenCount, availableCellCount);
    draft.addPrompt({ key, tokenCount, contextTokenCount, ...claim });
  } else if (next !== undefined) {
    const { key, cachedTokenCount, uncachedTokenCount } = next;
    draft.addPrompt({
      key,
      tokenCount: uncachedTokenCount,
      contextTokenCount: cachedTokenCount,
      ...claim,
    });
  }
  if (draft.prefill.length === 0) return null;
  for (const row of view.running) {
    const isDue = row.isInTurn && row.pendingTokenCount === 0 && row.idleMs >= view.targetsMs[row.priority];
    if (isDue) draft.addRows(row, Infinity);
  }
  const admit = started === undefined && next !== undefined ? [next.key] : [];
  return { ...emptyPlan, admit, decode: draft.decode, rowCounts: draft.rowCounts, prefill: draft.prefill };
}

function fits(sequence: WaitingView, view: SchedulerView): boolean {
  if (view.freeSlotCount < 1) return false;
  if (view.running.length === 0) return true;
  const needed = sequence.uncachedTokenCount + sequence.restoreCellCount + sequence.pinnedCellCount;
  const reserved = reservedCellsPerSequence * view.running.length;
  return needed + reserved <= view.freeCellCount + view.evictableCellCount;
}

/** The youngest of bulk, else of `default`. */
function steppingAside(running: readonly RunningView[]): RunningView | undefined {
  return (
    running.findLast(({ priority }) => priority === 'bulk') ??
    running.findLast(({ priority }) => priority === 'default')
  );
}
