import { describe, expect, it } from 'vitest';
import { endPart, finishPart, startPart } from '../answer/fakes.ts';
import type { ChatPart, TokenLogprob } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { createModelDifficulty } from './model-difficulty.ts';

const token = (text: string, odds: number) => ({
  token: 1,
  bytes: [...Buffer.from(text)],
  logprob: Math.log(odds),
});

function difficultyOf(
  said: string,
  top: readonly (readonly [string, number])[],
  step: 'answers' | 'hangs' | 'fails',
) {
  const asked: ChatRequest[] = [];
  const warnings: string[] = [];
  const logprobs: readonly TokenLogprob[] = [
    { ...token(said, 0.5), top: top.map(([text, odds]) => token(text, odds)) },
  ];
  const read = createModelDifficulty({
    modelId: 'judge',
    model: () =>
      Promise.resolve({
        async *stream(request): AsyncGenerator<ChatPart> {
          asked.push(request);
          if (step === 'fails') throw new Error('gone');
          if (step === 'hangs') await new Promise(() => undefined);
          yield startPart;
          yield { type: 'text-delta', choice: 0, text: said, logprobs };
          yield endPart();
          yield finishPart;
        },
      }),
    otherwise: () => ({ value: 0.25, source: 'otherwise' }),
    warn: (message) => warnings.push(message),
    patienceMs: 20,
  });
  return { read, asked, warnings };
}

describe('a model that is asked for a digit', () => {
  it('gives the mean of the digits under its odds, of nothing else', async () => {
    const { read, asked } = difficultyOf(
      '9',
      [
        ['9', 0.3],
        ['0', 0.1],
        ['Sure', 0.5],
      ],
      'answers',
    );
    expect(await read('Prove it.', 'team')).toEqual({
      value: expect.closeTo(0.75, 6) as number,
      source: 'by judge',
    });
    expect(asked[0]).toMatchObject({
      privacy: 'local_only',
      tenant: 'team',
      answerCache: 'off',
      maxTokenCount: 2,
    });
  });

  it('gives the digit that was drawn where it tells no odds', async () => {
    expect((await difficultyOf(' 3', [], 'answers').read('x', '')).value).toBeCloseTo(1 / 3);
  });

  it.each(['hangs', 'fails'] as const)('is not waited for where it %s', async (step) => {
    const { read, warnings } = difficultyOf('3', [], step);
    expect(await read('x', '')).toEqual({ value: 0.25, source: 'otherwise' });
    expect(warnings.length).toBe(1);
  });

  it('is not believed where it says no digit', async () => {
    expect((await difficultyOf('what', [], 'answers').read('x', '')).source).toBe('otherwise');
  });
});
