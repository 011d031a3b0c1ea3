import { describe, expect, test } from 'vitest';
import type { CapturedExchange } from '../capture/exchange.ts';
import { NearfarError } from '../chat/error.ts';
import type { AskModel } from './ask-model.ts';
import { questionOfExchange } from './captured-question.ts';
import { expectCosts } from './expected-calibration-cost.ts';
import { judgeCaptured, type JudgeCapturedOptions } from './judge-captured.ts';
import { answersAll, readJudgedLines, type JudgedLine } from './judged-line.ts';
import { compared } from './testing/compared.ts';

function exchangeOf(changes: Partial<CapturedExchange> = {}): CapturedExchange {
  return {
    requestId: 'r1',
    startedAt: 1,
    keyName: 'ana',
    tenant: 'acme',
    dialect: 'openai',
    operation: 'chat',
    requestedModel: 'auto',
    answeringModel: 'tiny',
    upstream: null,
    answerSource: 'model',
    status: 200,
    finish: 'stop',
    prompt: { kind: 'chat', messages: [{ role: 'user', content: 'How many?' }], maxTokenCount: 9 },
    answer: [{ text: 'Two' }],
    ...changes,
  };
}

describe('a captured exchange', () => {
  test('is a question where all of it is text and whole', () => {
    expect(questionOfExchange(exchangeOf())).toMatchObject({
      requestId: 'r1',
      prompt: 'How many?',
      answer: 'Two',
      answeringModel: 'tiny',
      tenant: 'acme',
      comparable: { form: { maxTokenCount: 9, stop: [], outputFormat: { type: 'text' } } },
    });
  });

  test('is one too where bytes passed through', () => {
    const found = questionOfExchange(
      exchangeOf({
        prompt: { model: 'far', messages: [{ role: 'user', content: 'How many?' }] },
        answer: { choices: [{ message: { role: 'assistant', content: 'Two' } }] },
      }),
    );
    expect(found).toMatchObject({ prompt: 'How many?', answer: 'Two' });
  });

  test.each<[string, Partial<CapturedExchange>]>([
    ['broken off', { answer: { isWhole: false, choices: [{ text: 'Tw' }] } }],
    ['cut short', { finish: 'length' }],
    ['an error', { status: 500 }],
    ['from a cache', { answerSource: 'exact_cache' }],
    ['calls', { answer: [{ text: '', toolCalls: [{ id: 'a', name: 'b', arguments: '' }] }] }],
    ['several choices', { answer: [{ text: 'a' }, { text: 'b' }] }],
    ['tools', { prompt: { kind: 'chat', messages: [{ role: 'user', content: 'a' }], toolUse: {} } }],
    ['a secret', { prompt: { kind: 'chat', messages: [{ role: 'user', content: 'Key: [redacted]' }] } }],
    ['raw text', { prompt: { kind: 'text', text: 'Once' } }],
    ['nothing', { answer: null }],
    ['no shape at all', { prompt: 7, answer: 'x' }],
    ['strange messages', { prompt: { kind: 'chat', messages: [1, null] } }],
  ])('with %s is none', (_, changes) => {
    expect(questionOfExchange(exchangeOf(changes))).toBeNull();
  });
});

function questionsOf(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const question = questionOfExchange(exchangeOf({ requestId: `r${index}` }));
    if (question === null) throw new Error('no question');
    return question;
  });
}

const answerOf: AskModel = (model) =>
  Promise.resolve({ text: `by ${model}`, model, finish: 'stop', usage: null });

async function judgeAll(changes: Partial<JudgeCapturedOptions> = {}) {
  const lines: JudgedLine[] = [];
  const result = await judgeCaptured({
    questions: questionsOf(3),
    models: ['tiny', 'x/mid', 'x/far'],
    ask: answerOf,
    judge: { compare: (_, one) => Promise.resolve(compared(one === 'by x/far' ? 'win' : 'loss')) },
    judgeName: 'judge',
    costOf: (model) => (model === 'x/far' ? 0.01 : null),
    givenCostOf: () => 0,
    record: (line) => {
      lines.push(line);
      return Promise.resolve();
    },
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  });
  return { result, lines };
}

describe('judging', () => {
  test('gives the answer that was given a half, and the others what they are worth against it', async () => {
    const { result, lines } = await judgeAll();
    expect(result).toEqual({ judgedCount: 3, failedCount: 0, stop: null });
    expect(lines[0]).toEqual({
      id: 'r0',
      judge: 'judge',
      answered: 'tiny',
      models: {
        tiny: { score: 0.5, cost: 0 },
        'x/mid': { score: 0, cost: null },
        'x/far': { score: 1, cost: 0.01 },
      },
    });
  });

  test('an answer that does not end is worse, a judge without verdict makes no line', async () => {
    const cut = await judgeAll({
      ask: (model) => Promise.resolve({ text: 'x', model, finish: 'length', usage: null }),
      judge: { compare: () => Promise.reject(new Error('asked')) },
    });
    expect(cut.lines[0]?.models['x/far']?.score).toBe(0);
    const mute = await judgeAll({ judge: { compare: () => Promise.resolve(null) } });
    expect(mute).toEqual({ result: { judgedCount: 0, failedCount: 3, stop: null }, lines: [] });
  });

  test('ends where the budget does, and keeps what was judged; goes on after a failure', async () => {
    let count = 0;
    const ask: AskModel = (model, ...rest) => {
      count += 1;
      if (count === 1) return Promise.reject(new NearfarError('upstream_failed', 'gone'));
      if (count > 3) return Promise.reject(new NearfarError('budget_exhausted', 'spent'));
      return answerOf(model, ...rest);
    };
    const { result, lines } = await judgeAll({ ask });
    expect(result).toMatchObject({ judgedCount: 1, failedCount: 1, stop: { kind: 'budget_exhausted' } });
    expect(lines.map(({ id }) => id)).toEqual(['r1']);
  });

  test('ends where a line cannot be kept: nothing more is paid for', async () => {
    const asked: string[] = [];
    const ask: AskModel = (model, ...rest) => {
      asked.push(model);
      return answerOf(model, ...rest);
    };
    const record = () => Promise.reject(new Error('The disk is full.'));
    await expect(judgeAll({ ask, record })).rejects.toThrow('The disk is full.');
    expect(asked).toEqual(['x/mid', 'x/far']);
  });
});

describe('lines that were kept', () => {
  test('are read again, torn ones left out, and say whether they answer what is asked', async () => {
    const { lines } = await judgeAll();
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const read = readJudgedLines(`${text}{"id":"r9","jud`);
    expect([...read.values()]).toEqual(lines);
    expect(answersAll(read.get('r0'), 'judge', ['tiny', 'x/far'])).toBe(true);
    expect(answersAll(read.get('r0'), 'another', ['tiny'])).toBe(false);
    expect(answersAll(read.get('r0'), 'judge', ['tiny', 'x/new'])).toBe(false);
    expect(answersAll(undefined, 'judge', [])).toBe(false);
  });
});

test('what is expected counts each model that did not answer, and two judgings of each', () => {
  const price = {
    promptMicrosPerMillion: 1_000_000,
    completionMicrosPerMillion: 1_000_000,
    cachedMicrosPerMillion: 0,
    cacheWriteMicrosPerMillion: 0,
    longCacheWriteMicrosPerMillion: 0,
    currency: 'USD',
  };
  const rows = expectCosts(questionsOf(3), ['tiny', 'x/far'], 'judge', (model) =>
    model === 'judge' ? null : price,
  );
  expect(rows).toMatchObject([
    { model: 'tiny', requestCount: 0, micros: 0 },
    { model: 'x/far', requestCount: 3 },
    { model: 'judge', purpose: 'judge', requestCount: 6, micros: null },
  ]);
  expect(rows[1]?.micros).toBeGreaterThan(0);
});
