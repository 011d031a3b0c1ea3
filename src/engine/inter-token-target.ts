import { minimumPrefillTokenCount, prefillWidth } from './prefill-width.ts';
import { createStepCost, wideTokenCount, type StepCost, type StepCostCurve } from './step-cost.ts';

/** Longest gap, in milliseconds, that `auto` lets a reader see while others prefill. */
export const longestAutoTargetMs = 250;
/** `auto` gives up at most a tenth of the prompts' speed for it. */
const keptSpeedShare = 0.9;
/** The prompt that `auto` weighs: long enough that attention counts. */
const weighedPromptTokenCount = 2048;

/** The target of each step. `auto` follows the machine: where steps take longer than measured, so does the target. */
export function createInterTokenTarget(
  setting: number | 'auto',
  cost: StepCost,
  batchTokenCount: number,
): () => number {
  if (setting !== 'auto') return () => setting;
  const measured = chooseTargetMs(cost.curve, batchTokenCount);
  return () => Math.min(longestAutoTargetMs, measured * cost.loadFactor(2 * wideTokenCount));
}

/**
 * The shortest step that leaves a prompt of 2,048 tokens, beside one reader, 90% of the speed that it has when steps
 * are as wide as the batch; at most 250 ms, and no shorter than one tile of tokens takes in the middle of that prompt.
 * Computed from the measured curve.
 */
export function chooseTargetMs(curve: StepCostCurve, batchTokenCount: number): number {
  const cost = createStepCost(curve);
  const bestMs = prefillMs(cost, batchTokenCount, Infinity);
  const middleCount = weighedPromptTokenCount / 2;
  const tile = {
    tokenCount: wideTokenCount,
    readPairCount: wideTokenCount * middleCount,
    cellCount: middleCount,
  };
  let low = Math.min(longestAutoTargetMs, cost.predictMs(tile));
  let high = longestAutoTargetMs;
  // Bisection to a millisecond: a longer target never makes a prompt slower, but for the rounding to whole tiles.
  while (high - low > 1) {
    const middle = (low + high) / 2;
    if (prefillMs(cost, batchTokenCount, middle) * keptSpeedShare <= bestMs) high = middle;
    else low = middle;
  }
  return high;
}

/** Milliseconds until the prompt is computed, in steps that also decode one token for a reader. */
function prefillMs(cost: StepCost, batchTokenCount: number, targetMs: number): number {
  let total = 0;
  for (let done = 0; done < weighedPromptTokenCount;) {
    const predictMs = (tokenCount: number, readPairCount: number): number =>
      cost.predictMs({ tokenCount, readPairCount, cellCount: done });
    const readerMs = cost.curve.readersApart ? predictMs(1, 0) : 0;
    const tokenCount = cost.curve.readersApart ? 0 : 1;
    const width = prefillWidth({
      tokenCount,
      readPairCount: 0,
      contextTokenCount: done,
      limit: Math.min(weighedPromptTokenCount - done, batchTokenCount - 1),
      least: minimumPrefillTokenCount,
      isHard: false,
      isPatient: false,
      targetMs: targetMs - readerMs,
      predictMs,
    });
    total += readerMs + predictMs(tokenCount + width, width * done);
    done += width;
  }
  return total;
}
