import type { StepPlan } from './scheduler.ts';
import { wideTokenCount } from './step-cost.ts';

/** A step as it is decoded: readers first and by themselves, where that is quicker; see `StepCostCurve`. */
export function batchesOf(plan: StepPlan, readersApart: boolean): StepPlan[] {
  const tokenCount = plan.prefill.reduce((sum, one) => sum + one.tokenCount, plan.decode.length);
  const isMixed = plan.decode.length > 0 && plan.prefill.length > 0;
  if (!readersApart || !isMixed || tokenCount < wideTokenCount) return [plan];
  return [
    { ...plan, prefill: [] },
    { ...plan, decode: [] },
  ];
}
