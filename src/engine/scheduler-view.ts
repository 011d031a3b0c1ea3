import type { PrefixCache } from './prefix-cache.ts';
import { commonLength } from './prefix-tree.ts';
import type { RunningView, SchedulerView, WaitingView } from './scheduler.ts';
import { isDecoding, pendingTokenCount, type Sequence } from './sequence.ts';
import type { StepCost } from './step-cost.ts';

/** How far into the queue a step looks. */
const lookAheadCount = 48;
/** A prefix that a running sequence is computing is waited for if it saves at least this many tokens. */
const worthwhilePrefixTokenCount = 16;

export interface ViewInputs {
  readonly waiting: readonly Sequence[];
  readonly running: readonly Sequence[];
  readonly cache: PrefixCache;
  readonly cost: StepCost;
  /** Cells that attention scans in this step, whoever holds them. */
  readonly scannedCellCount: number;
  readonly parallelCount: number;
  readonly batchTokenCount: number;
  /** Milliseconds that this step may take while somebody reads. */
  readonly targetMs: number;
  readonly sharesRunningPrefixes: boolean;
}

/** Reduces sequences, tree and costs to the counts that the scheduler decides on. */
export function schedulerView(inputs: ViewInputs): SchedulerView {
  const { cache, cost, running, batchTokenCount } = inputs;
  const freeSlotCount = Math.max(0, inputs.parallelCount - running.length);
  return {
    waiting: freeSlotCount === 0 ? [] : waitingViews(inputs),
    running: running.map(runningView),
    freeCellCount: cache.freeCellCount,
    evictableCellCount: cache.idleCellCount,
    freeSlotCount,
    batchTokenCount,
    targetMs: inputs.targetMs,
    readersApart: cost.curve.readersApart,
    predictMs: (tokenCount, readPairCount) =>
      cost.predictMs({ tokenCount, readPairCount, cellCount: inputs.scannedCellCount }),
  };
}

function runningView(sequence: Sequence): RunningView {
  return {
    key: sequence.key,
    pendingTokenCount: isDecoding(sequence) ? 0 : pendingTokenCount(sequence),
    contextTokenCount: sequence.computedCount,
  };
}

function waitingViews(inputs: ViewInputs): WaitingView[] {
  const { waiting, running, cache } = inputs;
  const looked = waiting.slice(0, lookAheadCount);
  const prefilling = running.filter((sequence) => !isDecoding(sequence));
  return looked.map((sequence, index) => {
    const probe = cache.probe(sequence.request.command.salt, sequence.tokens);
    const soonTokenCount = inputs.sharesRunningPrefixes
      ? longestCommonPrompt(sequence, prefilling, looked.slice(0, index))
      : 0;
    return {
      key: sequence.key,
      uncachedTokenCount: sequence.tokens.length - probe.matchedTokenCount,
      cachedTokenCount: probe.matchedTokenCount,
      restoreCellCount: probe.hostTokenCount,
      pinnedCellCount: probe.idleTokenCount,
      waitsForPrefix: soonTokenCount - probe.matchedTokenCount >= worthwhilePrefixTokenCount,
    };
  });
}

/** The longest prefix that another sequence, running or ahead in the queue, is about to compute. */
function longestCommonPrompt(
  sequence: Sequence,
  prefilling: readonly Sequence[],
  ahead: readonly Sequence[],
): number {
  let longest = 0;
  for (const group of [prefilling, ahead]) {
    for (const other of group) longest = Math.max(longest, commonPrompt(sequence, other));
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
