import { priorities, type Priority } from '../chat/request.ts';
import { minimumPrefillTokenCount } from './prefill-width.ts';
import { rankOf } from './priority.ts';
import { createStepDraft } from './step-draft.ts';
import {
  emptyPlan,
  type RunningView,
  type SchedulerView,
  type StepPlan,
  type WaitingView,
} from './step-plan.ts';
import { voiceStep } from './voice-step.ts';

/** Cells kept free at admission for tokens that are about to be generated, per running sequence. */
const reservedCellsPerSequence = 16;

/**
 * Decides what one step does. Pure: it sees counts, not tokens or cells, and returns a plan.
 *
 * A voice prompt has a step to itself (voice-step.ts). Else, order of claims on a step: the next token of everybody who reads, then prompts by class and in their turn, within the
 * tokens that keep the step under the readers' inter-token target. With nobody reading, prompts take the whole batch.
 * Bulk gets what is left: its rows and prompts join as far as the step stays within the target of those above it, and
 * past that once each `interTokenMs` of its own, so that it never stands still. It gives up its slot or its cells to a
 * prompt above it that cannot wait. When cells run out, the youngest running sequence of the lowest class is preempted;
 * the oldest never is, so that the work always moves.
 */
export function schedule(view: SchedulerView): StepPlan {
  return voiceStep(view) ?? commonStep(view);
}

function commonStep(view: SchedulerView): StepPlan {
  const preempt: number[] = [];
  const running = [...view.running];
  const draft = createStepDraft({
    ...view,
    availableCellCount: view.freeCellCount + view.evictableCellCount,
  });

  // Every row of a decoding sequence takes a cell. Preempted cells become evictable, but how many is not known here
  // (prefixes may be shared), so the plan preempts one a step and decodes only what fits.
  const neededCellCount = running.reduce(
    (sum, one) => sum + (one.isInTurn && isDecoding(one) ? one.rowCount : 0),
    0,
  );
  if (draft.availableCellCount < neededCellCount) preempt.push(...takeVictim(running));

  const isDue = (sequence: RunningView): boolean => sequence.idleMs >= view.targetsMs.bulk;
  const inTurn = running.filter((sequence) => sequence.isInTurn);
  const people = byClass(inTurn.filter(isAboveBulk));
  const bulk = inTurn.filter((sequence) => !isAboveBulk(sequence));
  /** Whoever's turn it is: they hold slots and cells that a person may need. */
  const swappable = running.filter((sequence) => !isAboveBulk(sequence));

  // Where not all rows have time in one step, they take turns.
  const hasTurns = view.hardLimitMs < Infinity;
  const readers = people.filter(isDecoding).sort((a, b) => (hasTurns ? b.idleMs - a.idleMs : 0));
  for (const reader of readers) draft.addRows(reader, Infinity);
  const readersLimitMs = Math.min(view.limitMs, ...readers.map(({ priority }) => view.targetsMs[priority]));
  const bulkRows = bulk.filter(isDecoding).sort((a, b) => b.idleMs - a.idleMs);
  for (const row of bulkRows) if (isDue(row)) draft.addRows(row, Infinity);

  for (const { key, pendingTokenCount, contextTokenCount } of people) {
    if (pendingTokenCount === 0) continue;
    draft.addPrompt({
      key,
      tokenCount: Math.min(pendingTokenCount, draft.availableCellCount),
      contextTokenCount,
      limitMs: readersLimitMs,
      // One prompt always moves; others only as far as the target allows.
      least: draft.prefill.length === 0 ? minimumPrefillTokenCount : 0,
      isStrict: false,
    });
  }

  const admit: number[] = [];
  let isBlocked = preempt.length > 0;
  let admittedPendingCount = 0;
  let pinnedCount = 0;
  /** Cells short of admitting it without taking those that running ones are about to need; at most 0 if it fits. */
  const cellShortage = (sequence: WaitingView): number => {
    const runningCount = running.length + admit.length;
    if (runningCount === 0) return 0;
    let pending = running.reduce((sum, one) => sum + one.pendingTokenCount, admittedPendingCount);
    for (const { tokenCount } of draft.prefill) pending -= tokenCount;
    const needed = sequence.uncachedTokenCount + sequence.restoreCellCount + sequence.pinnedCellCount;
    return (
      needed + reservedCellsPerSequence * runningCount - (draft.availableCellCount - pinnedCount - pending)
    );
  };
  /** First come, first served: false where nobody behind it may be admitted either. */
  const tryAdmit = (sequence: WaitingView, limitMs: number, least: number): boolean => {
    if (admit.length >= view.freeSlotCount || !draft.isOpen || cellShortage(sequence) > 0) return false;
    const tokenCount = draft.addPrompt({
      key: sequence.key,
      tokenCount: sequence.uncachedTokenCount,
      contextTokenCount: sequence.cachedTokenCount,
      limitMs,
      least,
      isStrict: least === 0 && !isAboveBulk(sequence),
    });
    if (tokenCount === 0) return false;
    admit.push(sequence.key);
    admittedPendingCount += sequence.uncachedTokenCount;
    pinnedCount += sequence.restoreCellCount + sequence.pinnedCellCount;
    return true;
  };

  const admitted: WaitingView[] = [];
  for (const sequence of view.waiting) {
    if (isBlocked || !isAboveBulk(sequence)) break;
    if (sequence.waitsForPrefix) continue;
    const least = draft.prefill.length === 0 ? minimumPrefillTokenCount : 0;
    if (tryAdmit(sequence, readersLimitMs, least)) {
      admitted.push(sequence);
      continue;
    }
    isBlocked = true;
    const victim = sequence.isUrgent && draft.isOpen ? swappable.at(-1) : undefined;
    const freeable = swappable.reduce((sum, one) => sum + one.contextTokenCount + one.pendingTokenCount, 0);
    if (victim !== undefined && cellShortage(sequence) <= freeable)
      return { ...emptyPlan, swapOut: [victim.key] };
  }

  const hasPeople = people.length + admitted.length > 0;
  // While a prompt of a person is being computed, each row that is not due would only hold it up.
  const isHurried = [...people.filter((one) => !isDecoding(one)), ...admitted].some(
    ({ key, priority }) => priority === 'interactive' && draft.prefill.some((piece) => piece.key === key),
  );
  const peopleMs = hasPeople ? draft.stepMs() : 0;
  const sharedLimitMs = hasPeople
    ? Math.min(readersLimitMs, Math.max(view.sharedStepMs, peopleMs), peopleMs + view.bulkCreditMs)
    : view.expectsPeople
      ? Math.min(readersLimitMs, view.sharedStepMs)
      : view.limitMs;
  for (const row of bulkRows) {
    if (isDue(row) || isHurried) continue;
    draft.addRows(row, hasPeople ? sharedLimitMs : Infinity);
  }
  const hasBulkReader = bulkRows.length > 0;
  const bulkLimitMs = Math.min(sharedLimitMs, hasBulkReader ? view.targetsMs.bulk : Infinity);
  let isFirst = true;
  for (const sequence of bulk) {
    if (isDecoding(sequence)) continue;
    const mustMove = isFirst && (isDue(sequence) || draft.prefill.length + readers.length === 0);
    isFirst = false;
    if (isHurried && !mustMove) continue;
    draft.addPrompt({
      key: sequence.key,
      tokenCount: Math.min(sequence.pendingTokenCount, draft.availableCellCount),
      contextTokenCount: sequence.contextTokenCount,
      limitMs: bulkLimitMs,
      least: mustMove ? minimumPrefillTokenCount : 0,
      isStrict: !mustMove,
    });
  }

  // A sequence that cannot go on because the pool is full: make room by preempting (never the oldest).
  const isStuck = draft.decode.length + draft.prefill.length + preempt.length === 0;
  if (isStuck && inTurn.some((sequence) => !isDecoding(sequence))) {
    preempt.push(...takeVictim(running));
    isBlocked = preempt.length > 0;
  }

  for (const sequence of view.waiting) {
    if (isBlocked || isHurried) break;
    if (isAboveBulk(sequence) || sequence.waitsForPrefix) continue;
    const mustMove = draft.prefill.length + readers.length === 0;
    isBlocked = !tryAdmit(sequence, bulkLimitMs, mustMove ? minimumPrefillTokenCount : 0);
  }
  return {
    swapOut: [],
    preempt,
    admit,
    decode: draft.decode,
    rowCounts: draft.rowCounts,
    prefill: draft.prefill,
    peopleMs,
    bulkMs: draft.stepMs() - peopleMs,
  };
}

const isDecoding = (sequence: RunningView): boolean => sequence.pendingTokenCount === 0;
const isAboveBulk = ({ priority }: { readonly priority: Priority }): boolean => priority !== 'bulk';

function byClass(running: readonly RunningView[]): RunningView[] {
  return priorities.flatMap((priority) => running.filter((sequence) => sequence.priority === priority));
}

/** Removes the youngest of the lowest class, unless it is alone. */
function takeVictim(running: RunningView[]): number[] {
  if (running.length < 2) return [];
  let at = 0;
  running.forEach((sequence, index) => {
    if (rankOf(sequence.priority) >= rankOf(running[at]?.priority ?? 'interactive')) at = index;
  });
  return running.splice(at, 1).map((sequence) => sequence.key);
}
