import type { GroupTurn } from './group-schedule.ts';
import type { StepPlan } from './step-plan.ts';

export interface PlannedTurn {
  readonly turn: GroupTurn;
  readonly plan: StepPlan;
}

/**
 * The first turn whose plan does something, once those that have to step aside for it have; the first of all where none
 * does: a group that waits for cells must not hold up those that have them.
 * @throws Error where there is no turn
 */
export function firstWithWork(
  turns: readonly GroupTurn[],
  planOf: (turn: GroupTurn) => StepPlan,
  swapOut: (key: number) => void,
): PlannedTurn {
  let first: PlannedTurn | null = null;
  for (const turn of turns) {
    let plan = planOf(turn);
    // Each takes one away from those that run, so this ends.
    for (; plan.swapOut.length > 0; plan = planOf(turn)) for (const key of plan.swapOut) swapOut(key);
    first ??= { turn, plan };
    if (plan.decode.length + plan.prefill.length + plan.preempt.length > 0) return { turn, plan };
  }
  if (first === null) throw new Error('there is no group although something waits or runs');
  return first;
}
