import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priorities, type Priority } from '../chat/request.ts';
import {
  scheduleGroups,
  type GroupPrompts,
  type GroupScheduleView,
  type GroupView,
} from './group-schedule.ts';

const group = (key: string, more: Partial<GroupView> = {}): GroupView => ({
  key,
  idleMs: 0,
  readerTargetMs: null,
  hasPeople: false,
  prompts: null,
  leastMs: 5,
  ...more,
});
const reading = (key: string, idleMs: number, more: Partial<GroupView> = {}): GroupView =>
  group(key, { idleMs, readerTargetMs: 100, hasPeople: true, ...more });
const targets = { voice: 100, interactive: 100, default: 100, bulk: 1000 };
const patience = { voice: 50, interactive: 500, default: 2000, bulk: 1000 };
const promptsOf = (priority: Priority): GroupPrompts => ({
  priority,
  targetMs: targets[priority],
  patienceMs: patience[priority],
});
const prompting = (key: string, idleMs: number, priority: Priority = 'default'): GroupView =>
  group(key, { idleMs, prompts: promptsOf(priority) });

const view = (groups: readonly GroupView[], more: Partial<GroupScheduleView> = {}): GroupScheduleView => ({
  groups,
  currentKey: null,
  heldMs: Infinity,
  heldStepCount: 1000,
  switchMs: 0,
  ...more,
});
const order = (groups: readonly GroupView[], more: Partial<GroupScheduleView> = {}): string[] =>
  scheduleGroups(view(groups, more)).map(({ key }) => key);
const limitOf = (key: string, groups: readonly GroupView[], more: Partial<GroupScheduleView> = {}): number =>
  scheduleGroups(view(groups, more)).find((turn) => turn.key === key)?.limitMs ?? NaN;

describe('whose turn it is', () => {
  it('is nobody else’s where there is one group, which is not limited', () => {
    expect(scheduleGroups(view([reading('', 1000)]))).toEqual([{ key: '', limitMs: Infinity }]);
    expect(scheduleGroups(view([]))).toEqual([]);
  });

  it('goes round: who stepped longest ago comes first', () => {
    expect(order([reading('a', 5), reading('b', 15), reading('c', 10)])).toEqual(['b', 'c', 'a']);
  });

  it('stays until a switch has paid for itself, unless a reader would miss his target', () => {
    const groups = [reading('a', 0), reading('b', 10)];
    const held = { currentKey: 'a', heldMs: 9, switchMs: 2 };
    // Ten times what it took, in steps as they take on average.
    const stepCount = Math.ceil(20 / reading('a', 0).leastMs);
    expect(order(groups, { ...held, heldStepCount: stepCount - 1 })[0]).toBe('a');
    expect(order(groups, { ...held, heldStepCount: stepCount })[0]).toBe('b');
    expect(order(groups, { ...held, heldStepCount: 0, heldMs: 25 })[0]).toBe('b');
    const late = [reading('a', 0), reading('b', 92)];
    expect(order(late, { currentKey: 'a', heldMs: 9, heldStepCount: 0, switchMs: 2 })[0]).toBe('b');
  });

  it('goes to prompts of a higher class before those of a lower one, whoever reads meanwhile', () => {
    const groups = [prompting('low', 90), prompting('high', 5, 'interactive'), reading('readers', 10)];
    expect(order(groups)).toEqual(['readers', 'high', 'low']);
    const readingToo = reading('low', 1, { prompts: promptsOf('default') });
    expect(limitOf('low', [readingToo, prompting('high', 5, 'interactive')])).toBe(0);
  });

  it('is the next step’s where a voice prompt waits, unless others are late by their whole target', () => {
    expect(order([reading('a', 199), reading('b', 98), prompting('v', 0, 'voice')])[0]).toBe('v');
    expect(order([reading('a', 200), reading('b', 98), prompting('v', 0, 'voice')])[0]).toBe('a');
  });

  it('comes to a lower class that was passed over for its time', () => {
    const groups = [prompting('low', 2001), prompting('high', 20, 'interactive')];
    expect(order(groups)[0]).toBe('low');
  });

  it('lets bulk go round, but not while a person waits for the first token', () => {
    const bulk = group('bulk', { idleMs: 50, readerTargetMs: 1000 });
    expect(order([reading('a', 5), bulk])[0]).toBe('bulk');
    expect(order([reading('a', 5), bulk, prompting('p', 1, 'interactive')])).toEqual(['a', 'p', 'bulk']);
    const due = { ...bulk, idleMs: 1001 };
    expect(order([reading('a', 5), due, prompting('p', 1, 'interactive')])[0]).toBe('bulk');
  });

  it('leaves a group as much time as the readers of the others can wait, each in its order', () => {
    const groups = [prompting('p', 50), reading('a', 40), reading('b', 70)];
    // b must step within 30, a within 60, 5 each.
    expect(limitOf('p', groups)).toBe(25);
  });

  it('shares what the readers leave of a round among the groups with prompts', () => {
    const groups = [prompting('p', 5), prompting('q', 5), reading('a', 0)];
    expect(limitOf('p', groups)).toBe((100 - 5) / 2);
    expect(limitOf('p', [prompting('p', 5), prompting('q', 5)])).toBe(Infinity);
  });
});

interface Simulated {
  readonly readerCount: number;
  readonly priority: Priority;
  /** Milliseconds of prompts, which a step takes as far as its limit goes. */
  promptMs: number;
  since: number;
  tokenCount: number;
  longestGapMs: number;
}

/** Steps groups as the engine does: readers' tokens in every step, prompts as far as the limit goes. */
function simulate(groups: Simulated[], switchMs: number, untilMs: number) {
  const readersMs = ({ readerCount }: Simulated): number => (readerCount === 0 ? 0 : 2 + readerCount);
  let now = 0;
  let current: number | null = null;
  let heldSince = 0;
  let heldStepCount = 0;
  let switchedMs = 0;
  while (now < untilMs) {
    const views = groups.flatMap((one, index): GroupView[] => {
      if (one.readerCount === 0 && one.promptMs <= 0) return [];
      return [
        {
          key: String(index),
          idleMs: now - one.since,
          readerTargetMs: one.readerCount === 0 ? null : targets[one.priority],
          hasPeople: one.readerCount > 0 && one.priority !== 'bulk',
          prompts: one.promptMs > 0 ? promptsOf(one.priority) : null,
          leastMs: one.readerCount === 0 ? Math.min(4, one.promptMs) : readersMs(one),
        },
      ];
    });
    const [turn] = scheduleGroups({
      groups: views,
      currentKey: current === null ? null : String(current),
      heldMs: now - heldSince,
      heldStepCount,
      switchMs,
    });
    if (turn === undefined) break;
    const index = Number(turn.key);
    const group = groups[index];
    if (group === undefined) throw new Error('an unknown group');
    if (current !== index) {
      current = index;
      heldSince = now;
      heldStepCount = 0;
      now += switchMs;
      switchedMs += switchMs;
    }
    const promptMs = Math.min(group.promptMs, 50, Math.max(4, turn.limitMs - readersMs(group)));
    group.promptMs -= Math.max(0, promptMs);
    now += readersMs(group) + Math.max(0, promptMs);
    group.longestGapMs = Math.max(group.longestGapMs, now - group.since);
    group.since = now;
    heldStepCount++;
    group.tokenCount += group.readerCount;
  }
  return { now, switchedMs };
}

const simulated = (readerCount: number, promptMs: number, priority: Priority = 'default'): Simulated => ({
  readerCount,
  priority,
  promptMs,
  since: 0,
  tokenCount: 0,
  longestGapMs: 0,
});

describe('over time', () => {
  it('gives every reader the same pace, so a group its share of the readers', () => {
    const groups = [simulated(6, 0), simulated(2, 0)];
    simulate(groups, 1, 20_000);
    const [many, few] = groups;
    expect((many?.tokenCount ?? 0) / (few?.tokenCount ?? 1)).toBeCloseTo(3, 0);
  });

  it('keeps the readers’ target over the groups together while prompts are computed in two of them', () => {
    const groups = [simulated(4, 5000), simulated(2, 0), simulated(1, 5000)];
    simulate(groups, 3, 20_000);
    // A step cannot be cut short once it runs: a least piece of a prompt and a switch may come on top.
    for (const { longestGapMs } of groups) expect(longestGapMs).toBeLessThanOrEqual(100 + 7);
    expect(groups.map(({ promptMs }) => promptMs)).toEqual([0, 0, 0]);
  });

  it('spends a fifth of the time on switching at most where the target leaves time for that', () => {
    const groups = [simulated(1, 0), simulated(1, 0), simulated(1, 0)];
    const { now, switchedMs } = simulate(groups, 3, 20_000);
    expect(switchedMs / now).toBeLessThan(0.21);
  });

  it('starves nobody, whatever classes, readers, prompts and switches there are', () => {
    const one = fc.record({
      readerCount: fc.integer({ min: 0, max: 8 }),
      promptMs: fc.integer({ min: 0, max: 3000 }),
      priority: fc.constantFrom(...priorities),
    });
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 10 }),
        (list, switchMs) => {
          const groups = list.map((each) => simulated(each.readerCount, each.promptMs, each.priority));
          simulate(groups, switchMs, 20_000);
          groups.forEach((each, index) => {
            if (each.readerCount > 0) expect(each.tokenCount).toBeGreaterThan(0);
            const before = list[index]?.promptMs ?? 0;
            // Twice the longest patience, for voices come before that, and a round of steps.
            const longestGapMs = 2 * 2000 + 600;
            expect(each.longestGapMs).toBeLessThan(longestGapMs);
            // So a least piece of 4 ms at least that often.
            const leastMs = 4 * Math.floor(20_000 / longestGapMs);
            expect(each.promptMs).toBeLessThanOrEqual(Math.max(0, before - leastMs));
          });
        },
      ),
      { numRuns: 100 },
    );
  });
});
