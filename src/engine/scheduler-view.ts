import type { Priority } from '../chat/request.ts';
import { groupOf } from './adapter-groups.ts';
import type { GroupTurn } from './group-schedule.ts';
import type { PrefixCache } from './prefix-cache.ts';
import { commonLength } from './prefix-tree.ts';
import { byClass, rankOf, type ClassTargets } from './priority.ts';
import type { RunningView, SchedulerView, WaitingView } from './step-plan.ts';
import { isDecoding, pendingTokenCount, type Sequence } from './sequence.ts';
import { wideTokenCount, type StepCost } from './step-cost.ts';

/** A prefix that a running sequence is computing is waited for if it saves at least this many tokens. */
const worthwhilePrefixTokenCount = 16;
const bulkShareOfFirstToken = 0.05;

export interface ViewInputs {
  /** Whose step it is. */
  readonly turn: GroupTurn;
  /** In turn, no more than a step needs to look at. */
  readonly waiting: readonly Sequence[];
  readonly running: readonly Sequence[];
  readonly cache: PrefixCache;
  readonly cost: StepCost;
  /** What steps of this group take. */
  readonly groupCost: Pick<StepCost, 'predictMs'>;
  /** Cells that attention scans in this step, whoever holds them. */
  readonly scannedCellCount: number;
  readonly parallelCount: number;
  readonly batchTokenCount: number;
  readonly classes: ClassTargets;
  /** Milliseconds that this step may take while somebody reads whose class has no target of its own. */
  readonly targetMs: number;
  /** Milliseconds that have gone into this step already. */
  readonly spentMs: number;
  readonly expectsPeople: boolean;
  readonly bulkCreditMs: number;
  readonly hardLimitMs: number;
  readonly now: number;
  readonly sharesRunningPrefixes: boolean;
}

/** Reduces sequences, tree and costs to the counts that the scheduler decides on. */
export function schedulerView(inputs: ViewInputs): SchedulerView {
  const { cache, cost, groupCost, running, batchTokenCount } = inputs;
  const freeSlotCount = Math.max(0, inputs.parallelCount - running.length);
  return {
    waiting: waitingViews(inputs),
    running: running.map((sequence) => runningView(sequence, inputs)),
    freeCellCount: cache.freeCellCount,
    evictableCellCount: cache.idleCellCount,
    freeSlotCount,
    batchTokenCount,
    targetsMs: byClass((priority) => targetMsOf(inputs, priority)),
    limitMs: inputs.turn.limitMs - inputs.spentMs,
    expectsPeople: inputs.expectsPeople,
    sharedStepMs: sharedStepMs(inputs),
    bulkCreditMs: inputs.bulkCreditMs,
    hardLimitMs: inputs.hardLimitMs - inputs.spentMs,
    readersApart: cost.curve.readersApart,
    predictMs: (tokenCount, readPairCount) =>
      groupCost.predictMs({ tokenCount, readPairCount, cellCount: inputs.scannedCellCount }),
  };
}

function targetMsOf({ classes, targetMs, spentMs }: ViewInputs, priority: Priority): number {
  return (classes[priority].interTokenMs ?? targetMs) - spentMs;
}

/**
 * Who comes finds a step under way and waits for its end: bulk may make that wait a twentieth of what a person is
 * promised for the first token, or one tile of tokens long where that takes longer.
 */
function sharedStepMs(inputs: ViewInputs): number {
  const { classes, cost, scannedCellCount, spentMs } = inputs;
  const tileMs = cost.predictMs({
    ...{ tokenCount: wideTokenCount, readPairCount: 0, cellCount: scannedCellCount },
  });
  const shareMs = bulkShareOfFirstToken * classes.interactive.firstTokenMs;
  return Math.min(targetMsOf(inputs, 'default'), Math.max(shareMs, tileMs) - spentMs);
}

function runningView(sequence: Sequence, { now, turn }: ViewInputs): RunningView {
  return {
    key: sequence.key,
    isInTurn: groupOf(sequence) === turn.key,
    priority: sequence.standing,
    idleMs: now - sequence.steppedAt,
    pendingTokenCount: isDecoding(sequence) ? 0 : pendingTokenCount(sequence),
    rowCount: isDecoding(sequence) ? pendingTokenCount(sequence) : 0,
    contextTokenCount: sequence.computedCount,
  };
}

function waitingViews(inputs: ViewInputs): WaitingView[] {
  const { running, cache } = inputs;
  const canAdmitBulk = inputs.parallelCount > running.length;
  // With all slots taken only bulk can give one up, and only to those above it; `default` to a voice.
  const canYield = (priority: Priority): boolean => running.some(({ standing }) => standing === priority);
  const isForVoice = !canAdmitBulk && !canYield('bulk');
  if (isForVoice && !canYield('default')) return [];
  const waiting = inputs.waiting.filter(
    (sequence) =>
      groupOf(sequence) === inputs.turn.key &&
      (canAdmitBulk || (isForVoice ? sequence.standing === 'voice' : sequence.standing !== 'bulk')),
  );
  const prefilling = running.filter((sequence) => !isDecoding(sequence));
  return waiting.map((sequence, index) => {
    const probe = cache.probe(sequence.request.command.salt, sequence.tokens);
    const soonTokenCount = inputs.sharesRunningPrefixes
      ? longestCommonPrompt(sequence, prefilling, waiting.slice(0, index))
      : 0;
    return {
      key: sequence.key,
      priority: sequence.standing,
      isUrgent: cache.canResume && isUrgent(sequence, probe.matchedTokenCount, inputs),
      uncachedTokenCount: sequence.tokens.length - probe.matchedTokenCount,
      cachedTokenCount: probe.matchedTokenCount,
      restoreCellCount: probe.hostTokenCount,
      pinnedCellCount: probe.idleTokenCount,
      waitsForPrefix: soonTokenCount - probe.matchedTokenCount >= worthwhilePrefixTokenCount,
    };
  });
}

/**
 * Whether waiting for bulk to end would cost it its target. When an answer ends nobody knows, so a person's prompt never
 * waits for one of bulk; a program's does until the time that is left is what its prompt takes.
 */
function isUrgent(sequence: Sequence, cachedTokenCount: number, inputs: ViewInputs): boolean {
  const { standing, tokens, request } = sequence;
  if (standing !== 'default') return standing !== 'bulk';
  const tokenCount = tokens.length - cachedTokenCount;
  const promptMs = inputs.cost.predictMs({
    tokenCount,
    readPairCount: tokenCount * cachedTokenCount,
    cellCount: inputs.scannedCellCount,
  });
  return inputs.now - request.submittedAt + promptMs >= inputs.classes.default.firstTokenMs;
}

/** The longest prefix that another sequence, running or ahead in the queue, is about to compute. */
function longestCommonPrompt(
  sequence: Sequence,
  prefilling: readonly Sequence[],
  ahead: readonly Sequence[],
): number {
  let longest = 0;
  for (const group of [prefilling, ahead]) {
    for (const other of group) {
      // Bulk may have to step aside for this very sequence.
      if (rankOf(other.standing) > rankOf(sequence.standing)) continue;
      longest = Math.max(longest, commonPrompt(sequence, other));
    }
  }
  return longest;
}

function commonPrompt(sequence: Sequence, other: Sequence): number {
  if (other.request.command.salt !== sequence.request.command.salt) return 0;
  let common = sequence.commonPromptTokenCount.get(other.key);
  if (common === undefined) {
    common = commonLength(other.tokens, sequence.tokens, 0, sequence.request.promptTokenCount - 1);
    sequence.commonPromptTokenCount.set(other.key, common);
  }
  return common;
}
