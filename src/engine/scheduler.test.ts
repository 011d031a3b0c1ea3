import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Priority } from '../chat/request.ts';
import { minimumPrefillTokenCount } from './prefill-width.ts';
import { priorities } from '../chat/request.ts';
import { rankOf } from './priority.ts';
import { schedule } from './scheduler.ts';
import type { RunningView, SchedulerView, WaitingView } from './step-plan.ts';

function view(more: Partial<SchedulerView>): SchedulerView {
  return {
    waiting: [],
    running: [],
    freeCellCount: 1000,
    evictableCellCount: 0,
    freeSlotCount: 4,
    batchTokenCount: 512,
    targetsMs: targets(64),
    limitMs: Infinity,
    expectsPeople: false,
    sharedStepMs: more.targetsMs?.default ?? 64,
    bulkCreditMs: 1000,
    hardLimitMs: Infinity,
    // One millisecond a token.
    predictMs: (tokenCount) => tokenCount,
    readersApart: false,
    ...more,
  };
}

/** One target for those above bulk, a longer one for bulk. */
function targets(targetMs: number): SchedulerView['targetsMs'] {
  return { voice: targetMs, interactive: targetMs, default: targetMs, bulk: 1000 };
}

const waiting = (key: number, uncachedTokenCount: number, more: Partial<WaitingView> = {}): WaitingView => ({
  key,
  priority: 'default',
  isUrgent: false,
  uncachedTokenCount,
  cachedTokenCount: 0,
  restoreCellCount: 0,
  pinnedCellCount: 0,
  waitsForPrefix: false,
  ...more,
});
const running = (
  key: number,
  pendingTokenCount: number,
  priority: Priority = 'default',
  idleMs = 0,
  rowCount = pendingTokenCount === 0 ? 1 : 0,
): RunningView => ({
  key,
  isInTurn: true,
  priority,
  idleMs,
  pendingTokenCount,
  rowCount,
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
    const plan = schedule(view({ running: [running(1, 0), running(2, 900)], targetsMs: targets(0) }));
    expect(plan.prefill).toEqual([{ key: 2, tokenCount: minimumPrefillTokenCount }]);
  });

  it('takes the time of readers that go first off the step', () => {
    const apart = { running: [running(1, 0), running(2, 0), running(3, 900)], readersApart: true };
    expect(schedule(view({ ...apart, targetsMs: targets(66) })).prefill).toEqual([
      { key: 3, tokenCount: 64 },
    ]);
    expect(schedule(view({ ...apart, targetsMs: targets(130) })).prefill).toEqual([
      { key: 3, tokenCount: 128 },
    ]);
  });

  it('gives the least to one prompt a step, not to each', () => {
    const waits = [waiting(2, 300), waiting(3, 300)];
    const plan = schedule(view({ running: [running(1, 0)], waiting: waits, targetsMs: targets(0) }));
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

  it('computes prompts of a higher class first and admits it before what is left goes to bulk', () => {
    const plan = schedule(
      view({
        running: [running(1, 300, 'bulk'), running(2, 300, 'default'), running(3, 40, 'interactive')],
        waiting: [waiting(4, 100), waiting(5, 100, { priority: 'bulk' })],
      }),
    );
    // Bulk gets nothing of a step in which a person's prompt is computed.
    expect(plan.prefill.map(({ key }) => key)).toEqual([3, 2, 4]);
    expect(plan.admit).toEqual([4]);
  });

  it('swaps the youngest of bulk out for an urgent prompt without a slot or cells, and for no other', () => {
    const bulk = [running(1, 0, 'bulk'), running(2, 0, 'bulk')];
    const urgent = waiting(3, 50, { priority: 'interactive', isUrgent: true });
    expect(schedule(view({ running: bulk, waiting: [urgent], freeSlotCount: 0 }))).toMatchObject({
      swapOut: [2],
      decode: [],
      admit: [],
    });
    expect(schedule(view({ running: bulk, waiting: [urgent], freeCellCount: 60 })).swapOut).toEqual([2]);
    const calm = { ...urgent, isUrgent: false };
    expect(schedule(view({ running: bulk, waiting: [calm], freeSlotCount: 0 })).swapOut).toEqual([]);
    const people = [running(1, 0), running(2, 0, 'interactive')];
    expect(schedule(view({ running: people, waiting: [urgent], freeSlotCount: 0 })).swapOut).toEqual([]);
    // All that bulk holds would not be enough.
    const huge = { ...urgent, uncachedTokenCount: 5000 };
    expect(schedule(view({ running: bulk, waiting: [huge], freeCellCount: 60 })).swapOut).toEqual([]);
  });

  it('leaves rows of bulk out where they would break a target, the latest served first, until they are due', () => {
    const rows = [running(2, 0, 'bulk', 10), running(3, 0, 'bulk', 30), running(4, 0, 'bulk', 20)];
    const tight = { targetsMs: targets(3), running: [running(1, 0), ...rows] };
    expect(schedule(view(tight)).decode).toEqual([1, 3, 4]);
    const due = [running(1, 0), running(2, 0, 'bulk', 1000), running(3, 0, 'bulk', 30)];
    expect(schedule(view({ targetsMs: targets(1), running: due })).decode).toEqual([1, 2]);
    expect(schedule(view({ targetsMs: targets(1), running: rows })).decode).toHaveLength(3);
  });

  it('keeps prompts of bulk within the target of those above it, and moves one that is due', () => {
    const reading = (idleMs: number) => [running(1, 0, 'interactive'), running(2, 500, 'bulk', idleMs)];
    expect(schedule(view({ running: reading(0) })).prefill).toEqual([{ key: 2, tokenCount: 63 }]);
    expect(schedule(view({ running: reading(0), targetsMs: targets(1) })).prefill).toEqual([]);
    expect(schedule(view({ running: reading(1000), targetsMs: targets(1) })).prefill).toEqual([
      { key: 2, tokenCount: minimumPrefillTokenCount },
    ]);
  });

  it('adds no more of bulk to a step of people than it has saved up', () => {
    const rows = [running(2, 0, 'bulk', 10), running(3, 0, 'bulk', 30), running(4, 0, 'bulk', 20)];
    const beside = (bulkCreditMs: number) =>
      schedule(view({ running: [running(1, 0), ...rows], bulkCreditMs }));
    expect(beside(2)).toMatchObject({ decode: [1, 3, 4], peopleMs: 1, bulkMs: 2 });
    expect(beside(0)).toMatchObject({ decode: [1], peopleMs: 1, bulkMs: 0 });
    const prompts = [running(1, 0), running(2, 500, 'bulk')];
    const inTiles = (tokenCount: number) => (tokenCount < 8 ? tokenCount : 8 * Math.ceil(tokenCount / 64));
    const waitsFor = (bulkCreditMs: number) =>
      schedule(view({ running: prompts, bulkCreditMs, predictMs: inTiles })).prefill;
    expect(waitsFor(6)).toEqual([]);
    expect(waitsFor(7)).toEqual([{ key: 2, tokenCount: 63 }]);
    // With nobody else in the step it owes nobody anything.
    expect(schedule(view({ running: rows, bulkCreditMs: -50 }))).toMatchObject({
      decode: [3, 4, 2],
      peopleMs: 0,
    });
  });

  it('computes bulk in short steps while somebody above it may come, else in whole batches', () => {
    const alone = { running: [running(1, 900, 'bulk')] };
    expect(schedule(view(alone)).prefill).toEqual([{ key: 1, tokenCount: 512 }]);
    expect(schedule(view({ ...alone, expectsPeople: true })).prefill).toEqual([{ key: 1, tokenCount: 64 }]);
  });

  it('preempts the lowest class first when cells run out', () => {
    const mixed = [running(1, 0, 'bulk'), running(2, 0), running(3, 0, 'interactive')];
    expect(schedule(view({ running: mixed, freeCellCount: 2 })).preempt).toEqual([1]);
  });

  it('never plans more tokens than the batch, more cells than there are, or a sequence twice', () => {
    const count = fc.integer({ min: 0, max: 600 });
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            pending: fc.oneof(fc.constant(0), count),
            rows: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 32 })),
            priority: fc.constantFrom(...priorities),
            idleMs: fc.constantFrom(0, 500, 1000),
          }),
          { maxLength: 12 },
        ),
        fc.array(
          fc.record({
            uncached: fc.integer({ min: 1, max: 600 }),
            restore: count,
            pinned: count,
            waits: fc.boolean(),
            priority: fc.constantFrom(...priorities),
            isUrgent: fc.boolean(),
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
          expectsPeople: fc.boolean(),
          bulkCreditMs: fc.constantFrom(-10, 0, 10, 1000),
          hardLimitMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 200 })),
        }),
        (runs, waits, limits) => {
          const all = view({
            ...limits,
            targetsMs: targets(limits.targetMs),
            running: runs.map(({ pending, rows, priority, idleMs }, index) =>
              running(index, pending, priority, idleMs, pending === 0 ? rows : 0),
            ),
            waiting: waits
              .map((one, index) =>
                waiting(100 + index, one.uncached, {
                  priority: one.priority,
                  isUrgent: one.isUrgent && one.priority !== 'bulk',
                  restoreCellCount: one.restore,
                  pinnedCellCount: one.pinned,
                  waitsForPrefix: one.waits,
                }),
              )
              .toSorted((a, b) => rankOf(a.priority) - rankOf(b.priority)),
          });
          const plan = schedule(all);
          const prefilled = plan.prefill.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
          expect(plan.decode.length + prefilled).toBeLessThanOrEqual(limits.batchTokenCount);
          const keys = [...plan.decode, ...plan.prefill.map(({ key }) => key), ...plan.preempt];
          expect(new Set(keys).size).toBe(keys.length);
          expect(plan.prefill.every(({ tokenCount }) => tokenCount > 0)).toBe(true);
          expect(plan.admit.length).toBeLessThanOrEqual(limits.freeSlotCount);
          const classOf = (key: number) =>
            [...all.running, ...all.waiting].find((one) => one.key === key)?.priority;
          const isAnyDue = runs.some(({ priority, idleMs }) => priority === 'bulk' && idleMs >= 1000);
          const isVoiceStep = plan.prefill.some(({ key }) => classOf(key) === 'voice');
          if (isVoiceStep) {
            // Nothing joins a voice prompt but rows that can wait no longer.
            expect(plan.prefill).toHaveLength(1);
            const due = plan.decode.map((key) => all.running.find((one) => one.key === key));
            expect(due.every((one) => one !== undefined && one.idleMs >= all.targetsMs[one.priority])).toBe(
              true,
            );
          } else {
            // A prompt of bulk that is due moves by the least, beside the one that always does.
            const leastCount = (isAnyDue ? 2 : 1) * minimumPrefillTokenCount;
            const longest = Math.max(1, limits.hardLimitMs) + leastCount;
            expect(plan.decode.length + prefilled).toBeLessThanOrEqual(longest);
          }
          const reads = !isVoiceStep && plan.decode.some((key) => classOf(key) !== 'bulk');
          if (reads && !isAnyDue) {
            const allowed = Math.max(minimumPrefillTokenCount, limits.targetMs - plan.decode.length);
            expect(prefilled).toBeLessThanOrEqual(allowed);
            // Nothing of bulk beyond the target, not even the least.
            const ofBulk = [...plan.decode, ...plan.prefill.map(({ key }) => key)].some(
              (key) => classOf(key) === 'bulk',
            );
            if (ofBulk) expect(plan.decode.length + prefilled).toBeLessThanOrEqual(limits.targetMs);
            // And no more than it has saved up.
            if (plan.bulkMs > 0) expect(plan.bulkMs).toBeLessThanOrEqual(limits.bulkCreditMs);
          }
          // Class order: nobody is passed by a lower class, but for those that wait for a prefix.
          const admittedRanks = plan.admit.map((key) => rankOf(classOf(key) ?? 'bulk'));
          expect(admittedRanks).toEqual(admittedRanks.toSorted((a, b) => a - b));
          for (const passed of all.waiting) {
            if (passed.waitsForPrefix || plan.admit.includes(passed.key)) continue;
            expect(admittedRanks.every((rank) => rank <= rankOf(passed.priority))).toBe(true);
          }
          // Only bulk is swapped out, or `default` for a voice, and only as a plan of its own.
          if (plan.swapOut.length > 0) {
            const hasVoice = all.waiting.some(({ priority }) => priority === 'voice');
            const mayYield = hasVoice ? ['bulk', 'default'] : ['bulk'];
            expect(plan.swapOut.every((key) => mayYield.includes(classOf(key) ?? ''))).toBe(true);
            expect(keys).toEqual([]);
            return;
          }
          // Something always moves.
          if (runs.length > 0 && limits.freeCellCount + limits.evictableCellCount > 0)
            expect(keys.length).toBeGreaterThan(0);
          if (runs.length > 0) {
            const available = limits.freeCellCount + limits.evictableCellCount;
            expect(plan.decode.length + prefilled).toBeLessThanOrEqual(available);
          }
          const highest = Math.min(...runs.map(({ priority }) => rankOf(priority)));
          const oldest = runs.findIndex(({ priority }) => rankOf(priority) === highest);
          if (runs.length > 0) expect(plan.preempt).not.toContain(oldest);
        },
      ),
    );
  });
});
