import { expect, it } from 'vitest';
import { createTrials } from './trials.ts';

function trialCount(stepCount: number, trials = createTrials()): number {
  let count = 0;
  for (let step = 0; step < stepCount; step++) if (trials.isDue()) count++;
  return count;
}

it('tries now and then, more and more rarely, and never gives up', () => {
  expect(trialCount(127)).toBe(0);
  expect(trialCount(128)).toBe(1);
  expect(trialCount(128 + 256 + 512)).toBe(3);
  const trials = createTrials();
  trialCount(20_000, trials);
  expect(trialCount(1024, trials)).toBe(1);
});

it('begins anew once drafting has paid', () => {
  const trials = createTrials();
  trialCount(5000, trials);
  trials.reset();
  expect(trialCount(128, trials)).toBe(1);
});
