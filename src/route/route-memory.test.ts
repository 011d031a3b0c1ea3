import { describe, expect, it } from 'vitest';
import { createAnswerFigures } from './answer-figures.ts';
import { createFindWord } from './heuristic-words.ts';
import { createSessionMemory } from './session-memory.ts';

describe('words', () => {
  it.each([
    [['prove'], 'Prove it.', 'Prove'],
    [['prove'], 'This improves it.', null],
    [['analy*'], 'an analysis', 'analysis'],
    [['step by step'], 'Think step\n by step', 'step\n by step'],
    [['c++'], 'in C++ please', 'C++'],
    [[], 'anything', null],
    [['größer'], 'Was ist GRÖSSER oder größer?', 'größer'],
  ])('%j in %j', (words, text, found) => {
    expect(createFindWord(words)(text)).toBe(found);
  });
});

describe('what is remembered of answers', () => {
  const row = {
    answeringModel: 'tiny',
    answerSource: 'model' as const,
    status: 200,
    completionTokenCount: 11,
    firstTokenMs: 100,
    totalMs: 300,
    isMeasured: true,
  };
  it('is a mean length and middle times, once there are some', () => {
    const figures = createAnswerFigures();
    figures.see(row);
    figures.see({ ...row, completionTokenCount: 21 });
    expect(figures.of('tiny')).toEqual({ answers: null, speed: null });
    figures.see({ ...row, completionTokenCount: 31, firstTokenMs: 900 });
    expect(figures.of('tiny')).toEqual({
      answers: { meanTokenCount: 21, count: 3 },
      speed: { firstTokenMs: 100, msPerToken: 10 },
    });
    expect(figures.of('other').answers).toBeNull();
  });
  it('is nothing of what failed, was kept or came to nothing', () => {
    const figures = createAnswerFigures();
    for (let index = 0; index < 5; index += 1) {
      figures.see({ ...row, status: 502 });
      figures.see({ ...row, answerSource: 'exact_cache' });
      figures.see({ ...row, completionTokenCount: 0 });
      figures.see({ ...row, answeringModel: null });
      figures.see({ ...row, isMeasured: false });
    }
    expect(figures.of('tiny').answers).toBeNull();
  });
});

describe('where a conversation was', () => {
  const usage = (promptTokenCount: number, cachedTokenCount = 0, cacheWriteTokenCount = 0) => ({
    promptTokenCount,
    cachedTokenCount,
    cacheWriteTokenCount,
    completionTokenCount: 100,
  });

  it('is known for as long as providers keep it, to its tenant, at its model', () => {
    let now = 0;
    const sessions = createSessionMemory(() => now);
    const key = sessions.keyOf('a', 'Be brief.\nHello')!;
    sessions.remember(key, 'open/big', usage(400));
    expect(sessions.heldBy(key, 'open/big')).toEqual({ tokenCount: 500, keptTokenCount: 0, odds: 0.9 });
    expect(sessions.heldBy(key, 'open/middle').tokenCount).toBe(0);
    expect(sessions.keyOf('b', 'Be brief.\nHello')).not.toBe(key);
    expect(sessions.keyOf('a', '')).toBeNull();
    const long = 'Rule. '.repeat(10_000);
    expect(sessions.keyOf('a', `${long}Hello`)).not.toBe(sessions.keyOf('a', `${long}Hallo`));
    now = 300_000;
    expect(sessions.heldBy(key, 'open/big').odds).toBe(0.1);
    now = 3_600_000;
    expect(sessions.heldBy(key, 'open/big')).toEqual({ tokenCount: 0, keptTokenCount: 0, odds: 0 });
  });

  it('is believed to be there after a pause where others were found after one, at that model', () => {
    let now = 0;
    const sessions = createSessionMemory(() => now);
    for (let session = 0; session < 10; session += 1) {
      for (const model of ['claude/hours', 'open/minutes']) {
        const key = `${model}${session}`;
        sessions.remember(key, model, usage(2000, 0, 2000));
        now += 1_200_000;
        sessions.remember(key, model, usage(2200, model === 'claude/hours' ? 2000 : 0));
      }
    }
    const oddsOf = (model: string): number => {
      sessions.remember('k', model, usage(2000, 0, 2000));
      now += 1_200_000;
      return sessions.heldBy('k', model).odds;
    };
    expect(oddsOf('claude/hours')).toBeGreaterThan(0.8);
    expect(oddsOf('open/minutes')).toBeLessThan(0.05);
  });

  it('is what was read from the cache or written into it, where that is told', () => {
    const sessions = createSessionMemory(() => 0);
    sessions.remember('k', 'claude/big', usage(5000, 3000, 1500));
    expect(sessions.heldBy('k', 'claude/big').keptTokenCount).toBe(4500);
  });

  it('is believed less where sessions came back and found nothing, and more where they found it', () => {
    const sessions = createSessionMemory(() => 0);
    for (let session = 0; session < 20; session += 1) {
      for (const model of ['open/forgets', 'open/keeps']) {
        const key = `${model}${session}`;
        sessions.remember(key, model, usage(2000));
        sessions.remember(key, model, usage(2200, model === 'open/keeps' ? 2000 : 0));
      }
    }
    sessions.remember('k', 'open/forgets', usage(2000));
    sessions.remember('l', 'open/keeps', usage(2000));
    expect(sessions.heldBy('k', 'open/forgets').odds).toBeLessThan(0.1);
    expect(sessions.heldBy('l', 'open/keeps').odds).toBeGreaterThan(0.98);
  });
});
