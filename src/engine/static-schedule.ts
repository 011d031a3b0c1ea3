import { schedule } from './scheduler.ts';
import type { SchedulerView, StepPlan } from './step-plan.ts';

/**
 * The step of a static group. Pure. All prompts are read before anybody goes on, in steps as wide as they can be: nobody
 * reads the answers while they are made, so a step may take any time. Then all decode together, one token a step.
 * @param view its waiting ones are members of the group that is under way
 */
export function scheduleStatic(view: SchedulerView): StepPlan {
  const targetsMs = { voice: Infinity, interactive: Infinity, default: Infinity, bulk: Infinity };
  const plan = schedule({ ...view, targetsMs, limitMs: Infinity, expectsPeople: false });
  return plan.prefill.length > 0 ? { ...plan, decode: [] } : plan;
}
