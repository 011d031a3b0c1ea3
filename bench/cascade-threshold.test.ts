import { expect, test } from 'vitest';
import type { JudgedAnswer } from './cascade-signals.ts';
import { bestLimit, effectOf } from './cascade-threshold.ts';

const answer = (logprob: number, isRight: boolean): JudgedAnswer => ({
  kind: 'k',
  prompt: 'p',
  isRight,
  tokens: [{ token: 0, bytes: [], logprob, top: [] }],
  samples: [],
});

test('the limit that tells best lies between the right and the wrong', () => {
  const answers = [
    answer(-0.1, true),
    answer(-0.2, true),
    answer(-0.9, true),
    answer(-1, false),
    answer(-2, false),
  ];
  const limit = bestLimit(answers, 'logprob_first');
  expect(limit).toBeCloseTo(-0.95);
  expect(effectOf(answers, 'logprob_first', limit)).toMatchObject({
    escalatedShare: 1 - 3 / 5,
    rightOfShown: 1,
    rightEscalated: 0,
    wrongCaught: 1,
  });
});
