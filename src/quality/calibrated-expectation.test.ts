import { expect, it } from 'vitest';
import { fitProfile } from '../route/calibration/fit-profile.ts';
import { calibratedExpectation } from './calibrated-expectation.ts';

const pair = (judge: string) => ({
  lower: { tier: 'near', modelId: 'small' },
  upper: { tier: 'far', modelId: 'open/big' },
  judge,
});

it('is that of the same models and the same judge, where enough was judged', () => {
  const counts = { win: 20, tie: 60, loss: 40 };
  const found = calibratedExpectation([
    { lower: 'small', upper: 'open/big', judges: ['far', 'open/big'], counts },
  ]);
  expect(found(pair('far'))).toEqual({
    shares: { win: 20 / 120, tie: 0.5, loss: 40 / 120 },
    answerCount: 120,
    source: 'calibration',
  });
  expect(found(pair('another'))).toBeNull();
  expect(found({ ...pair('far'), lower: { tier: 'near', modelId: 'tiny' } })).toBeNull();
  const few = [{ lower: 'small', upper: 'open/big', judges: ['far'], counts: { win: 1, tie: 1, loss: 1 } }];
  expect(calibratedExpectation(few)(pair('far'))).toBeNull();
  expect(calibratedExpectation(undefined)(pair('far'))).toBeNull();
});

it('comes of the prompts that routing gives the lower model, from both sides', async () => {
  // Short questions near answers as well; of long ones only far knows.
  const outcomes = Array.from({ length: 80 }, (_, index) => {
    const isShort = index % 2 === 0;
    const isFars = index % 4 < 2;
    const near = isShort ? 0.5 : 0;
    return {
      prompt: isShort
        ? `Name city ${index}?`
        : `Explain in depth and compare ${'this and that, '.repeat(8)}${index}.`,
      answered: isFars ? 'far' : 'near',
      // Against far's answer near is worse on long ones; against near's, far is better.
      models: {
        near: { score: isFars ? near : 0.5, cost: 0 },
        far: { score: isFars ? 0.5 : 1 - near, cost: 0.01 },
      },
    };
  });
  const { pairs } = await fitProfile(outcomes, { models: ['near', 'far'], seed: 1, resampleCount: 10 });
  const [found] = pairs;
  expect(found).toMatchObject({ lower: 'near', upper: 'far' });
  const { win, tie, loss } = found!.counts;
  // Mostly the short ones are near's, and there it is as good.
  expect(tie).toBeGreaterThan(20);
  expect(win).toBe(0);
  expect(loss).toBeLessThan(10);
});
