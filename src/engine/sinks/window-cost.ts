import { createStepCost, type StepCost, type StepCostCurve, type StepWork } from '../step-cost.ts';

/** What a step costs whose sequences read at most a window each, however long their streams are. */
export function createWindowCost(
  curve: StepCostCurve,
  window: { readonly windowTokenCount: number; readonly cellCount: number },
): StepCost {
  const cost = createStepCost(curve);
  const within = (work: StepWork): StepWork => ({
    tokenCount: work.tokenCount,
    readPairCount: Math.min(work.readPairCount, work.tokenCount * window.windowTokenCount),
    cellCount: Math.min(work.cellCount, window.cellCount),
  });
  return {
    ...cost,
    predictMs: (work) => cost.predictMs(within(work)),
    observe: (work, milliseconds) => {
      cost.observe(within(work), milliseconds);
    },
  };
}
