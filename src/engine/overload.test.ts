import { describe, expect, it } from 'vitest';
import type { Priority } from '../chat/request.ts';
import { createAdapterStore } from './adapter-store.ts';
import { createEngine } from './engine.ts';
import type { WirePart } from './protocol.ts';
import { createStepCost, type StepCostCurve } from './step-cost.ts';
import { command, harnessSetup } from './testing/harness.ts';
import { createTimedDecoder } from './testing/timed-decoder.ts';

/** As measured on two cores with SmolLM2-135M in Q4_0, rounded: milliseconds. */
const curve: StepCostCurve = {
  points: [
    [1, 4.3],
    [2, 6.2],
    [4, 8.2],
    [8, 12.5],
    [16, 20],
    [32, 25],
    [64, 32],
    [128, 61],
    [512, 250],
  ].map(([tokenCount = 0, milliseconds = 0]) => ({ tokenCount, milliseconds })),
  attention: [
    { tokenCount: 1, readMsPerCell: 0.0026, maskedMsPerCell: 0.0002 },
    { tokenCount: 16, readMsPerCell: 0.03, maskedMsPerCell: 0.0035 },
    { tokenCount: 64, readMsPerCell: 0.024, maskedMsPerCell: 0.0022 },
  ],
  readersApart: false,
};

/** Requests per second with all slots taken, as `bench -- overload` measures on that machine. */
const capacity = { person: 19.2, bulk: 4.4 };
const personCount = 200;

interface Due {
  readonly id: string;
  readonly at: number;
  readonly tokenCount: number;
  readonly maxTokenCount: number;
  readonly priority: Priority;
}

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Poisson arrivals: people at 0.3 of capacity, bulk up to `load` until the last of them has come. */
function arrivals(load: number, seed: number): Due[] {
  const random = createRandom(seed);
  const people = { tokenCount: 62, maxTokenCount: 12, priority: 'interactive' as const };
  const bulk = { tokenCount: 190, maxTokenCount: 32, priority: 'bulk' as const };
  const due: Due[] = [];
  const gap = (rate: number): number => (-Math.log(1 - random()) / rate) * 1000;
  let end = 0;
  for (let index = 0; index < personCount; index++) {
    end += gap(0.3 * capacity.person);
    due.push({ id: `p${index}`, at: end, ...people });
  }
  const rate = (load - 0.3) * capacity.bulk;
  for (let at = gap(rate), index = 0; at < end; at += gap(rate), index++)
    due.push({ id: `b${index}`, at, ...bulk });
  return due.sort((a, b) => a.at - b.at);
}

/** The engine in virtual time, until all people are served. */
async function run(load: number, seed: number) {
  const clock = { ms: 0 };
  const firstAt = new Map<string, number>();
  const ends = new Map<string, WirePart['type']>();
  const decoder = createTimedDecoder({
    ...{ cellCount: 8192, batchTokenCount: 512, sequenceCount: 40, vocabTokenCount: 64, moveMs: 2, clock },
    cost: createStepCost(curve),
  });
  const adapters = createAdapterStore({
    room: { byteCount: 1, count: 1 },
    load: () => 1,
    unload: () => undefined,
  });
  const engine = createEngine(
    harnessSetup(
      {
        ...{ parallelCount: 16, queueLimit: 256, targetInterTokenMs: 'auto', hostCacheBytes: 2 ** 20 },
        emit: (parts) => {
          for (const { id, part } of parts) {
            if (part.type === 'text-delta' && !firstAt.has(id)) firstAt.set(id, clock.ms);
            if (part.type === 'finish' || part.type === 'error') ends.set(id, part.type);
          }
        },
      },
      { decoder, cost: createStepCost(curve), adapters, clock },
    ),
  );
  const due = arrivals(load, seed);
  const people = due.filter(({ priority }) => priority === 'interactive');
  const random = createRandom(seed + 1);
  let next = 0;
  while (!people.every(({ id }) => ends.has(id))) {
    for (let one = due[next]; one !== undefined && one.at <= clock.ms; one = due[++next]) {
      const tokens = Array.from({ length: one.tokenCount }, () => Math.floor(random() * 2 ** 20));
      const { priority, maxTokenCount, at: enteredAt } = one;
      await engine.submit(
        command(one.id, tokens, { priority, maxTokenCount, enteredAt, ignoreEndOfGeneration: true }),
      );
    }
    if (!engine.step()) clock.ms = Math.max(clock.ms, due[next]?.at ?? clock.ms + 1);
  }
  const waitsMs = people.map(({ id, at }) => (firstAt.get(id) ?? Infinity) - at);
  const doneCount = (priority: Priority): number =>
    due.filter((one) => one.priority === priority && ends.get(one.id) === 'finish').length;
  return {
    waitsMs,
    peopleDoneCount: doneCount('interactive'),
    bulkDoneCount: doneCount('bulk'),
  };
}

/** Three seeds as one, so that the slowest twentieth is not a matter of a handful of people. */
async function runAll(load: number) {
  const runs = [await run(load, 11), await run(load, 12), await run(load, 13)];
  const waitsMs = runs.flatMap((one) => one.waitsMs).sort((a, b) => a - b);
  const sum = (count: (one: (typeof runs)[number]) => number) =>
    runs.reduce((total, one) => total + count(one), 0);
  return {
    p95Ms: waitsMs[Math.floor(0.95 * waitsMs.length)] ?? Infinity,
    peopleDoneCount: sum((one) => one.peopleDoneCount),
    bulkDoneCount: sum((one) => one.bulkDoneCount),
  };
}

describe('under overload, in virtual time', () => {
  it('people wait hardly longer than at half load, and bulk takes what they leave', async () => {
    const half = await runAll(0.5);
    const twice = await runAll(2);
    expect([half.peopleDoneCount, twice.peopleDoneCount]).toEqual([3 * personCount, 3 * personCount]);
    expect(twice.p95Ms / half.p95Ms).toBeLessThan(1.5);
    expect(twice.bulkDoneCount).toBeGreaterThan(2 * half.bulkDoneCount);
  });
});
