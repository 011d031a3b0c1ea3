import type { PrefixCache } from './prefix-cache.ts';
import type { Sequence } from './sequence.ts';
import type { StepCost } from './step-cost.ts';

/** Keeps waiting sequences back while their prefix is read from disk, as long as that beats computing it. */
export interface DiskWait {
  /** Those that may be admitted now, in their order. At most `slotCount` others are read for at once. */
  ready(waiting: readonly Sequence[], slotCount: number): readonly Sequence[];
  /** Looks again when it waits the next time. */
  forget(sequence: Sequence): void;
}

export interface DiskWaitOptions {
  readonly cache: PrefixCache;
  readonly cost: StepCost;
  readonly batchTokenCount: number;
  readonly now: () => number;
  readonly wake: () => void;
}

/** A start that is slow to tell what is there holds nobody up for longer. */
const openingMs = 1000;

interface Wait {
  /** Waiting longer than computing would have taken could cost more than twice as much. */
  readonly until: number;
  isOver: boolean;
}

export function createDiskWait(options: DiskWaitOptions): DiskWait {
  const { cache, cost, batchTokenCount, now, wake } = options;
  const waits = new WeakMap<Sequence, Wait>();
  /** Until when a sequence waits to learn whether there is anything for it. */
  const openings = new WeakMap<Sequence, number>();

  function waitsForOpening(sequence: Sequence): boolean {
    if (cache.disk?.isOpen !== false) return false;
    let until = openings.get(sequence);
    if (until === undefined) {
      const atMostMs = Math.min(openingMs, prefillMs(sequence.tokens.length));
      openings.set(sequence, (until = now() + atMostMs));
      setTimeout(wake, atMostMs).unref();
    }
    return now() < until;
  }

  /** `null`: there is nothing to wait for. */
  function begin(sequence: Sequence, mayLoad: boolean): Wait | null {
    const plan = cache.disk?.plan(sequence.request.command.salt, sequence.tokens) ?? null;
    const computeMs = plan === null ? 0 : prefillMs(plan.tokenCount);
    if (plan === null || plan.estimatedMs >= computeMs) return null;
    const wait: Wait = { until: now() + computeMs, isOver: false };
    if (!mayLoad) return wait;
    waits.set(sequence, wait);
    void plan.load().finally(() => {
      wait.isOver = true;
      wake();
    });
    setTimeout(wake, computeMs).unref();
    return wait;
  }

  /** As if nothing came before them: an estimate on the low side, so that disk is not favoured. */
  function prefillMs(tokenCount: number): number {
    let milliseconds = 0;
    for (let done = 0; done < tokenCount; done += batchTokenCount) {
      const width = Math.min(batchTokenCount, tokenCount - done);
      const cellCount = cache.usedCellCount + done;
      milliseconds += cost.predictMs({ tokenCount: width, readPairCount: width * done, cellCount });
    }
    return milliseconds;
  }

  return {
    ready(waiting, slotCount) {
      if (cache.disk === null || slotCount === 0) return waiting;
      let heldCount = 0;
      return waiting.filter((sequence) => {
        // Its history was in memory when it was admitted, or it would not have been.
        if (sequence.request.command.priority === 'voice') return true;
        if (waitsForOpening(sequence)) return false;
        const known = waits.get(sequence);
        if (known !== undefined && (known.isOver || now() >= known.until)) return true;
        const wait = known ?? begin(sequence, heldCount < slotCount);
        if (wait !== null) heldCount++;
        else if (cache.disk?.isOpen === true) waits.set(sequence, { until: 0, isOver: true });
        return wait === null;
      });
    },
    forget: (sequence) => {
      waits.delete(sequence);
    },
  };
}
