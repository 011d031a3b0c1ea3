import { expect, it } from 'vitest';
import { catchUpTokenCount, type CatchUpView } from './catch-up.ts';

/** A token takes 10 ms, and 2 tokens a ms are read. */
const view: CatchUpView = {
  unreadTokenCount: 400,
  gain: 2,
  plainMs: 10,
  answeredTokenCount: 100,
  remainingTokenCount: 1000,
  stepMs: 10,
  limitMs: 100,
  predictReadMs: (tokenCount) => tokenCount / 2,
};

it('reads a piece that takes no longer than the step', () => {
  const tokenCount = catchUpTokenCount(view);
  expect(tokenCount).toBeGreaterThan(9);
  expect(tokenCount).toBeLessThanOrEqual(20);
});

it('waits until the answer is long enough to make up for it, and until its end is far enough away', () => {
  expect(catchUpTokenCount({ ...view, answeredTokenCount: 20 })).toBe(0);
  expect(catchUpTokenCount({ ...view, answeredTokenCount: 20, unreadTokenCount: 100 })).toBeGreaterThan(0);
  expect(catchUpTokenCount({ ...view, remainingTokenCount: 20 })).toBe(0);
  expect(catchUpTokenCount({ ...view, gain: 0.9 })).toBe(0);
});

it('reads whatever it brings where drafts were asked for by number', () => {
  expect(catchUpTokenCount({ ...view, gain: Infinity, answeredTokenCount: 0 })).toBeGreaterThan(0);
});

it('reads nothing where even a small piece would make the reader wait', () => {
  expect(catchUpTokenCount({ ...view, limitMs: 12 })).toBe(0);
});
