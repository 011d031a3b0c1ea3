import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { combineOrders, type Verdict } from '../quality/judge-prompt.ts';
import { isRight } from './check-answer.ts';
import { evaluationItems } from './evaluation-items.ts';
import {
  keepJudgeEvaluation,
  readJudgeEvaluations,
  reliabilityOf,
  unfinishedJudging,
  type JudgeEvaluation,
} from './judge-files.ts';
import { judgePairs, pairsVersion, writtenPairs } from './judge-pairs.ts';
import { judgeReliability, type PairResult } from './judge-reliability.ts';

function resultOf(index: number, straight: Verdict, exchanged: Verdict): PairResult {
  return {
    id: `code-${index}`,
    task: 'code',
    verdicts: [straight, exchanged],
    outcome: combineOrders(straight, exchanged),
  };
}

/** A fixed sequence that looks random. */
function* coin(seed: number): Generator<boolean> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    yield state > 0;
  }
}

describe('pairs', () => {
  it('have one answer that is right by the item’s program and one that is not', () => {
    const items = new Map(evaluationItems.map((item) => [item.id, item]));
    expect(writtenPairs.length).toBeGreaterThan(150);
    for (const { id, right, wrong } of writtenPairs) {
      const check = items.get(id)?.check ?? { type: 'exact', answers: [] };
      expect(isRight(right, check), `${id}: ${right}`).toBe(true);
      expect(isRight(wrong, check), `${id}: ${wrong}`).toBe(false);
      expect(check.type).not.toBe('form');
    }
    expect(new Set(writtenPairs.map(({ id }) => id)).size).toBe(writtenPairs.length);
  });

  it('have a version that changes with any of them', () => {
    expect(pairsVersion(writtenPairs.slice(1))).not.toBe(pairsVersion(writtenPairs));
    expect(pairsVersion(judgePairs(evaluationItems))).toBe(pairsVersion(writtenPairs));
  });
});

describe('a judge', () => {
  it('that knows is better than chance', () => {
    const sure = Array.from({ length: 20 }, (_, index) => resultOf(index, 'first', 'second'));
    expect(judgeReliability(sure)).toMatchObject({
      agreement: 1,
      isBetterThanChance: true,
      places: { first: 20, second: 20, tie: 0 },
      favoured: { first: 0, second: 0 },
    });
  });

  it('that looks at places only is not, however often it names the right answer in one order', () => {
    const blind = Array.from({ length: 200 }, (_, index) => resultOf(index, 'first', 'first'));
    expect(judgeReliability(blind)).toMatchObject({
      agreement: 0,
      isBetterThanChance: false,
      counts: { win: 0, tie: 200, loss: 0 },
      favoured: { first: 200, second: 0 },
    });
  });

  it('that tosses a coin is hardly ever taken for better', () => {
    let betterCount = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const tosses = coin(seed * 7919);
      const toss = (): Verdict => (tosses.next().value === true ? 'first' : 'second');
      const results = Array.from({ length: 190 }, (_, index) => resultOf(index, toss(), toss()));
      if (judgeReliability(results).isBetterThanChance) betterCount += 1;
    }
    // 2.5% are expected.
    expect(betterCount).toBeLessThan(16);
  });

  it('that says nothing readable agrees with nothing', () => {
    const mute: PairResult = { id: 'code-1', task: 'code', verdicts: null, outcome: null };
    expect(judgeReliability([mute])).toMatchObject({
      agreement: 0,
      unreadableCount: 1,
      difference: null,
      isBetterThanChance: false,
    });
  });

  it('is counted whole, whatever it says', () => {
    const verdict = fc.constantFrom<Verdict>('first', 'second', 'tie');
    fc.assert(
      fc.property(fc.array(fc.tuple(verdict, verdict)), (said) => {
        const { counts, places, favoured, pairCount } = judgeReliability(
          said.map(([straight, exchanged], index) => resultOf(index, straight, exchanged)),
        );
        expect(counts.win + counts.tie + counts.loss).toBe(pairCount);
        expect(places.first + places.second + places.tie).toBe(2 * pairCount);
        expect(favoured.first + favoured.second).toBeLessThanOrEqual(counts.tie);
      }),
    );
  });
});

describe('what was measured', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'nearfar-judges-'));
  afterAll(() => {
    rmSync(home, { recursive: true, force: true });
  });
  const evaluation: JudgeEvaluation = {
    modelId: 'x/wise:1',
    modelName: 'far',
    date: '2026-11-30T00:00:00.000Z',
    nearfarVersion: '0',
    pairsVersion: 'v',
    pairs: 'written',
    results: [resultOf(1, 'first', 'second')],
  };

  it('is found by the judge’s name and id, over answers of models first', async () => {
    await keepJudgeEvaluation(home, evaluation);
    const answers = { ...evaluation, pairs: 'answers' as const, results: [resultOf(1, 'second', 'first')] };
    await keepJudgeEvaluation(home, answers);
    const kept = await readJudgeEvaluations(home);
    expect(kept).toHaveLength(2);
    for (const name of ['far', 'x/wise:1'])
      expect(reliabilityOf(kept, name)?.reliability.counts).toEqual({ win: 0, tie: 0, loss: 1 });
    expect(reliabilityOf(kept, 'near')).toBeNull();
    expect(await readJudgeEvaluations(path.join(home, 'nowhere'))).toEqual([]);
  });

  it('goes on after what a broken-off run kept, a torn line aside', async () => {
    const unfinished = unfinishedJudging(home, 'x/wise:1', 'v');
    await unfinished.keep(resultOf(1, 'tie', 'tie'));
    const [file = ''] = readdirSync(path.join(home, 'evaluations', 'judges')).filter((name) =>
      name.endsWith('.jsonl'),
    );
    appendFileSync(path.join(home, 'evaluations', 'judges', file), '{"id":"code-2","ta');
    expect(await unfinished.known()).toEqual([resultOf(1, 'tie', 'tie')]);
    await unfinished.keep(resultOf(3, 'first', 'first'));
    expect(await unfinished.known()).toEqual([resultOf(1, 'tie', 'tie'), resultOf(3, 'first', 'first')]);
    expect(await unfinishedJudging(home, 'x/wise:1', 'other').known()).toEqual([]);
    await unfinished.discard();
    expect(await unfinished.known()).toEqual([]);
  });
});
