import type { StepCost } from './step-cost.ts';

/** Texts to embed and windows that slide have their steps between those of answers: their share of the target gap. */
const besideShare = 0.5;
const leastTokenCount = 16;
const mostTokenCount = 512;

/**
 * Most tokens of one step of what runs beside others' answers: few enough not to be felt. Pure.
 * @param pauseMs how long those may be made to wait; Infinity = nobody waits
 * @param loopCount how many loops share it
 */
export function besideTokenLimit(cost: StepCost, pauseMs: number, loopCount: number): number {
  if (pauseMs === Infinity) return Infinity;
  const budgetMs = (besideShare * pauseMs) / loopCount;
  let tokenCount = mostTokenCount;
  const isTooSlow = (): boolean => cost.predictMs({ tokenCount, readPairCount: 0, cellCount: 0 }) > budgetMs;
  while (tokenCount > leastTokenCount && isTooSlow()) tokenCount /= 2;
  return tokenCount;
}
