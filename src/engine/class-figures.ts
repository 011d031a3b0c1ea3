import type { Priority } from '../chat/request.ts';
import { byClass, type ByClass, type ClassTargets } from './priority.ts';
import type { Sequence } from './sequence.ts';

/** Of one class since the engine started; as the engine sees it, so without the gateway's share. */
export interface ClassStats {
  readonly firstTokenCount: number;
  /** Of those, how many came within the class's target. */
  readonly timelyFirstTokenCount: number;
  /** Gaps between two tokens of one choice. */
  readonly gapCount: number;
  readonly timelyGapCount: number;
  /** Times that one of the class gave up its place. */
  readonly swapOutCount: number;
  /** Tokens that it had computed, found in the cache when it went on, and had to compute again. */
  readonly resumedTokenCount: number;
  readonly recomputedTokenCount: number;
}

export interface ClassFigures {
  readonly stats: ByClass<ClassStats>;
  token(sequence: Sequence, now: number): void;
  swapOut(sequence: Sequence): void;
  /** It goes on after a swap-out, with so many tokens from the cache. */
  resume(sequence: Sequence, cachedTokenCount: number): void;
}

/** @param targetMs the longest gap where a class has no target of its own */
export function createClassFigures(classes: ClassTargets, targetMs: () => number): ClassFigures {
  const stats = byClass(() => ({
    firstTokenCount: 0,
    timelyFirstTokenCount: 0,
    gapCount: 0,
    timelyGapCount: 0,
    swapOutCount: 0,
    resumedTokenCount: 0,
    recomputedTokenCount: 0,
  }));
  const drawnAt = new WeakMap<Sequence, number>();
  const hadComputed = new WeakMap<Sequence, number>();
  const classOf = (sequence: Sequence): Priority => sequence.request.command.priority;

  return {
    stats,
    token(sequence, now) {
      const priority = classOf(sequence);
      const own = stats[priority];
      const { request } = sequence;
      const before = drawnAt.get(sequence);
      drawnAt.set(sequence, now);
      if (before !== undefined) {
        own.gapCount++;
        if (now - before <= (classes[priority].interTokenMs ?? targetMs())) own.timelyGapCount++;
      } else if (request.completionTokenCount === 1) {
        own.firstTokenCount++;
        const { promise } = request;
        const firstTokenMs =
          promise === null ? now - request.submittedAt : now - promise.enteredAt + promise.deliveryMs;
        if (firstTokenMs <= classes[priority].firstTokenMs) own.timelyFirstTokenCount++;
      }
    },
    swapOut(sequence) {
      stats[classOf(sequence)].swapOutCount++;
      hadComputed.set(sequence, sequence.computedCount);
    },
    resume(sequence, cachedTokenCount) {
      const computedCount = hadComputed.get(sequence);
      if (computedCount === undefined) return;
      hadComputed.delete(sequence);
      const own = stats[classOf(sequence)];
      const resumedCount = Math.min(computedCount, cachedTokenCount);
      own.resumedTokenCount += resumedCount;
      own.recomputedTokenCount += computedCount - resumedCount;
    },
  };
}

/** Those of two loops together. Pure. */
export function sumOfClasses(one: ByClass<ClassStats>, other: ByClass<ClassStats>): ByClass<ClassStats> {
  return byClass((priority) => {
    const [a, b] = [one[priority], other[priority]];
    return {
      firstTokenCount: a.firstTokenCount + b.firstTokenCount,
      timelyFirstTokenCount: a.timelyFirstTokenCount + b.timelyFirstTokenCount,
      gapCount: a.gapCount + b.gapCount,
      timelyGapCount: a.timelyGapCount + b.timelyGapCount,
      swapOutCount: a.swapOutCount + b.swapOutCount,
      resumedTokenCount: a.resumedTokenCount + b.resumedTokenCount,
      recomputedTokenCount: a.recomputedTokenCount + b.recomputedTokenCount,
    };
  });
}
