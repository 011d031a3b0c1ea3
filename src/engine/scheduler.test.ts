import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minimumPrefillTokenCount } from './prefill-width.ts';
import { schedule, type RunningView, type SchedulerView, type WaitingView } from './scheduler.ts';

function view(more: Partial<SchedulerView>): SchedulerView {
  return {
    waiting: [],
    running: [],
    freeCellCount: 1000,
    evictableCellCount: 0,
    freeSlotCount: 4,
    batchTokenCount: 512,
    targetMs: 64,
    // One millisecond a token.
    predictMs: (tokenCount) => tokenCount,
    readersApart: false,
    ...more,
  };
}

const waiting = (key: number, uncachedTokenCount: number, more: Partial<WaitingView> = {}): WaitingView => ({
  key,
  uncachedTokenCount,
  cachedTokenCount: 0,
  restoreCellCount: 0,
  pinnedCellCount: 0,
  waitsForPrefix: false,
  ...more,
});
const running = (key: number, pendingTokenCount: number): RunningView => ({
  key,
  pendingTokenCount,
  contextTokenCount: 100,
});

describe('schedule', () => {
  it('gives readers their token first and prefills within the target', () => {
    const plan = schedule(view({ running: [running(1, 0), running(2, 0), running(3, 900)] }));
    expect(plan.decode).toEqual([1, 2]);
    expect(plan.prefill).toEqual([{ key: 3, tokenCount: 62 }]); // 64 with the readers'
  });

  it('uses the whole batch when nobody is reading', () => {
    const plan = schedule(view({ running: [running(3, 900)] }));
    expect(plan.prefill).toEqual([{ key: 3, tokenCount: 512 }]);
  });

  it('prefills a little even where the target is already missed', () => {
    const plan = schedule(view({ running: [running(1, 0), running(2, 900)], targetMs: 0 }));
    expect(plan.prefill).toEqual([{ key: 2, tokenCount: minimumPrefillTokenCount }]);
  });

  it('takes the time of readers that go first off the step', () => {
    const apart = { running: [running(1, 0), running(2, 0), running(3, 900)], readersApart: true };
    expect(schedule(view({ ...apart, targetMs: 66 })).prefill).toEqual([{ key: 3, tokenCount: 64 }]);
    expect(schedule(view({ ...apart, targetMs: 130 })).prefill).toEqual([{ key: 3, tokenCount: 128 }]);
  });

  it('gives the least to one prompt a step, not to each', () => {
    const waits = [waiting(2, 300), waiting(3, 300)];
    const plan = schedule(view({ running: [running(1, 0)], waiting: waits, targetMs: 0 }));
    expect(plan.admit).toEqual([2]);
    expect(plan.prefill).toEqual([{ key: 2, tokenCount: minimumPrefillTokenCount }]);
  });

  it('admits in order and fills the step with several prompts', () => {
    const plan = schedule(view({ waiting: [waiting(1, 100), waiting(2, 50), waiting(3, 700)] }));
    expect(plan.admit).toEqual([1, 2, 3]);
    expect(plan.prefill).toEqual([
      { key: 1, tokenCount: 100 },
      { key: 2, tokenCount: 50 },
      { key: 3, tokenCount: 362 },
    ]);
  });

  it('lets others pass one that waits for a prefix, but nobody one that waits for cells', () => {
    const passing = schedule(view({ waiting: [waiting(1, 100, { waitsForPrefix: true }), waiting(2, 50)] }));
    expect(passing.admit).toEqual([2]);
    const blocked = schedule(
      view({ running: [running(9, 0)], waiting: [waiting(1, 5000), waiting(2, 5)], freeCellCount: 500 }),
    );
    expect(blocked.admit).toEqual([]);
  });

  it('preempts the youngest when readers have no cells, never the oldest', () => {
    const plan = schedule(view({ running: [running(1, 0), running(2, 0)], freeCellCount: 1 }));
    expect(plan.preempt).toEqual([2]);
    expect(plan.decode).toEqual([1]);
    const alone = schedule(view({ running: [running(1, 0)], freeCellCount: 0 }));
    expect(alone.preempt).toEqual([]);
  });

  it('never plans more tokens than the batch, more cells than there are, or a sequence twice', () => {
    const count = fc.integer({ min: 0, max: 600 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ pending: fc.oneof(fc.constant(0), count) }), { maxLength: 12 }),
        fc.array(
          fc.record({
            uncached: fc.integer({ min: 1, max: 600 }),
            restore: count,
            pinned: count,
            waits: fc.boolean(),
          }),
          { maxLength: 12 },
        ),
        fc.record({
          freeCellCount: fc.integer({ min: 0, max: 2000 }),
          evictableCellCount: fc.integer({ min: 0, max: 2000 }),
          freeSlotCount: fc.integer({ min: 0, max: 8 }),
          batchTokenCount: fc.integer({ min: 16, max: 512 }),
          targetMs: fc.integer({ min: 0, max: 512 }),
          readersApart: fc.boolean(),
        }),
        (runs, waits, limits) => {
          const all = view({
            ...limits,
            running: runs.map(({ pending }, index) => running(index, pending)),
            waiting: waits.map((one, index) =>
              waiting(100 + index, one.uncached, {
                restoreCellCount: one.restore,
                pinnedCellCount: one.pinned,
                waitsForPrefix: one.waits,
              }),
            ),
          });
          const plan = schedule(all);
          const prefilled = plan.prefill.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
          expect(plan.decode.length + prefilled).toBeLessThanOrEqual(limits.batchTokenCount);
          const keys = [...plan.decode, ...plan.prefill.map(({ key }) => key), ...plan.preempt];
          expect(new Set(keys).size).toBe(keys.length);
          expect(plan.prefill.every(({ tokenCount }) => tokenCount > 0)).toBe(true);
          expect(plan.admit.length).toBeLessThanOrEqual(limits.freeSlotCount);
          if (plan.decode.length > 0) {
            const allowed = Math.max(minimumPrefillTokenCount, limits.targetMs - plan.decode.length);
            expect(prefilled).toBeLessThanOrEqual(allowed);
          }
          if (runs.length > 0) {
            const available = limits.freeCellCount + limits.evictableCellCount;
            expect(plan.decode.length + prefilled).toBeLessThanOrEqual(available);
          }
          if (runs.length > 1) expect(plan.preempt).not.toContain(0);
        },
      ),
    );
  });
});
