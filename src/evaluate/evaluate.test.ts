import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accuracies, chosenItems, evaluate, type ItemResult } from './evaluate.ts';
import { keepEvaluation, readEvaluations, unfinishedRun, type Evaluation } from './evaluation-files.ts';
import { evaluationItems } from './evaluation-items.ts';
import type { EvaluationItem } from './item.ts';
import { wilsonInterval } from './wilson.ts';

const never = new AbortController().signal;
const items: readonly EvaluationItem[] = ['a', 'b', 'c', 'd'].map((id, index) => ({
  id,
  task: index < 2 ? 'code' : 'reasoning',
  prompt: id,
  maxTokenCount: 8,
  check: { type: 'exact', answers: ['yes'] },
}));
const result = (id: string, isRight: boolean): ItemResult => ({
  id,
  task: 'code',
  isRight,
  answer: isRight ? 'Yes.' : 'no',
  promptTokenCount: 1,
  completionTokenCount: 1,
  ms: 1,
});
const answer = (text: string) => ({ text, promptTokenCount: 3, completionTokenCount: 1 });

describe('an evaluation', () => {
  test('asks each item once and keeps each result', async () => {
    const asked: string[] = [];
    const kept: ItemResult[] = [];
    const results = await evaluate({
      items,
      known: [],
      atOnce: 2,
      ask: async ({ id }) => {
        asked.push(id);
        return answer(id === 'a' || id === 'c' ? 'Yes.' : 'no');
      },
      keep: async (one) => void kept.push(one),
      signal: never,
    });
    expect(asked.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(kept).toHaveLength(4);
    expect(results.map(({ id, isRight }) => [id, isRight])).toEqual([
      ['a', true],
      ['b', false],
      ['c', true],
      ['d', false],
    ]);
    expect(accuracies(results)).toMatchObject([
      { task: 'code', rightCount: 1, count: 2, accuracy: 0.5 },
      { task: 'reasoning', rightCount: 1, count: 2 },
    ]);
  });

  test('does not ask what is known', async () => {
    const asked: string[] = [];
    const results = await evaluate({
      items,
      known: [result('a', true), result('b', true)],
      atOnce: 1,
      ask: async ({ id }) => {
        asked.push(id);
        return answer('no');
      },
      keep: async () => undefined,
      signal: never,
    });
    expect(asked).toEqual(['c', 'd']);
    expect(results.map(({ isRight }) => isRight)).toEqual([true, true, false, false]);
  });

  test('of a model that cannot be asked fails, and nothing counts as wrong', async () => {
    const kept: ItemResult[] = [];
    await expect(
      evaluate({
        items,
        known: [],
        atOnce: 2,
        ask: async ({ id }) => {
          if (id === 'c') throw new Error('no such model');
          return answer('yes');
        },
        keep: async (one) => void kept.push(one),
        signal: never,
      }),
    ).rejects.toThrow('no such model');
    expect(kept.every(({ isRight }) => isRight)).toBe(true);
  });

  test('that is broken off gives what it has', async () => {
    const stop = new AbortController();
    const results = await evaluate({
      items,
      known: [],
      atOnce: 1,
      ask: async ({ id }) => {
        if (id === 'c') {
          stop.abort();
          throw new Error('aborted');
        }
        return answer('yes');
      },
      keep: async () => undefined,
      signal: stop.signal,
    });
    expect(results.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('takes the first items of the tasks that are asked for', () => {
    const chosen = chosenItems(evaluationItems, ['reasoning', 'code'], 2);
    expect(chosen.map(({ id }) => id)).toEqual(['reasoning-1', 'reasoning-2', 'code-1', 'code-2']);
  });
});

test('the interval holds the share, lies within 0 and 1, and narrows with more trials', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, share) => {
        const right = Math.round(share * count);
        const [low, high] = wilsonInterval(right, count);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(right / count + 1e-12);
        expect(high).toBeGreaterThanOrEqual(right / count - 1e-12);
        const [wideLow, wideHigh] = wilsonInterval(right * 4, count * 4);
        expect(wideHigh - wideLow).toBeLessThan(high - low);
      },
    ),
  );
  // Brown, Cai and DasGupta 2001: 0 of 10.
  expect(wilsonInterval(0, 10)[1]).toBeCloseTo(0.2775, 3);
});

describe('what is kept', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(os.tmpdir(), 'nearfar-evaluations-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const evaluation = (modelId: string, day: number, itemsVersion = 'v1'): Evaluation => {
    const date = new Date(Date.UTC(2026, 0, day)).toISOString();
    return {
      modelId,
      date,
      nearfarVersion: '0.1.0',
      itemsVersion,
      isPartial: false,
      tasks: accuracies([result('a', true)]).map((one) => ({ ...one, date })),
    };
  };

  test('is the newest of each model, newest first, whatever its id', async () => {
    await keepEvaluation(home, evaluation('openai/gpt:x', 1));
    await keepEvaluation(home, evaluation('tiny', 2));
    await keepEvaluation(home, evaluation('openai/gpt:x', 3));
    expect((await readEvaluations(home)).map(({ modelId, date }) => [modelId, date.slice(8, 10)])).toEqual([
      ['openai/gpt:x', '03'],
      ['tiny', '02'],
    ]);
  });

  test('has the tasks that an earlier run measured over the same items', async () => {
    const first = evaluation('tiny', 1);
    await keepEvaluation(home, first);
    const reasoning = evaluation('tiny', 2).tasks.map((one) => ({ ...one, task: 'reasoning' as const }));
    await keepEvaluation(home, { ...evaluation('tiny', 2), tasks: reasoning });
    const [kept] = await readEvaluations(home);
    expect(kept?.tasks.map(({ task, date }) => [task, date.slice(8, 10)])).toEqual([
      ['reasoning', '02'],
      ['code', '01'],
    ]);
    await keepEvaluation(home, { ...evaluation('tiny', 3, 'v2'), tasks: reasoning });
    expect((await readEvaluations(home))[0]?.tasks).toHaveLength(1);
  });

  test('passes over files that are none', async () => {
    await keepEvaluation(home, evaluation('tiny', 1));
    await writeFile(path.join(home, 'evaluations', 'broken.json'), '{"modelId":');
    expect(await readEvaluations(home)).toHaveLength(1);
    expect(await readEvaluations(path.join(home, 'nowhere'))).toEqual([]);
  });

  test('of a run that was broken off are its whole lines', async () => {
    const run = unfinishedRun(home, 'a/b:c', 'v1');
    await run.keep(result('a', true));
    await run.keep(result('b', false));
    const [name = ''] = await readdir(path.join(home, 'evaluations'));
    await writeFile(path.join(home, 'evaluations', name), '{"id":"torn', { flag: 'a' });
    expect((await unfinishedRun(home, 'a/b:c', 'v1').known()).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await unfinishedRun(home, 'a/b:c', 'v2').known()).toEqual([]);
    await run.discard();
    expect(await run.known()).toEqual([]);
  });
});
