import { isDecoding, pendingTokenCount, type Sequence } from './sequence.ts';
import type { StepCost } from './step-cost.ts';

/** Milliseconds that each idle cell will cost the prompts that are being computed; 0 where there are none. */
export function foreseenIdleMsPerCell(
  running: readonly Sequence[],
  cost: StepCost,
  batchTokenCount: number,
): number {
  let pendingCount = 0;
  for (const sequence of running) if (!isDecoding(sequence)) pendingCount += pendingTokenCount(sequence);
  if (pendingCount === 0) return 0;
  const width = Math.min(pendingCount, batchTokenCount);
  return (cost.idleCellMs(width) / width) * pendingCount;
}
