import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createEnding } from './ending.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function asked(isBusy: () => boolean) {
  const end = vi.fn();
  const ending = createEnding({
    isBusy,
    wake: () => {
      ending.endIfIdle();
    },
    end,
  });
  return { ending, end };
}

it('ends a moment later where nobody waits, so that the gateway may say it first, and never unasked', () => {
  const { ending, end } = asked(() => false);
  ending.endIfIdle();
  vi.advanceTimersByTime(60_000);
  expect(end).not.toHaveBeenCalled();
  ending.ask();
  expect(end).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(end).toHaveBeenCalledOnce();
});

it('waits for answers, those too that come in the last moment', () => {
  let isBusy = true;
  const { ending, end } = asked(() => isBusy);
  ending.ask();
  isBusy = false;
  ending.endIfIdle();
  isBusy = true;
  vi.advanceTimersByTime(10_000);
  expect(end).not.toHaveBeenCalled();
  isBusy = false;
  ending.endIfIdle();
  vi.advanceTimersByTime(1_000);
  expect(end).toHaveBeenCalledOnce();
});

it.each(['time', 'a second signal'])('waits no longer than %s allows', (impatience) => {
  const { ending, end } = asked(() => true);
  ending.ask();
  ending.endIfIdle();
  expect(end).not.toHaveBeenCalled();
  ending.ask();
  expect(end).not.toHaveBeenCalled();
  vi.advanceTimersByTime(impatience === 'time' ? 30_000 : 500);
  if (impatience !== 'time') ending.ask();
  expect(end).toHaveBeenCalledOnce();
});
