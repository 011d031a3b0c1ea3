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

it('ends at once where nobody waits, and never unasked', () => {
  const { ending, end } = asked(() => false);
  ending.endIfIdle();
  expect(end).not.toHaveBeenCalled();
  ending.ask();
  expect(end).toHaveBeenCalledOnce();
});

it('waits for answers, but not for ever and not twice', () => {
  let isBusy = true;
  const patient = asked(() => isBusy);
  patient.ending.ask();
  patient.ending.endIfIdle();
  expect(patient.end).not.toHaveBeenCalled();
  isBusy = false;
  patient.ending.endIfIdle();
  expect(patient.end).toHaveBeenCalledOnce();
  for (const impatience of ['time', 'signal']) {
    const { ending, end } = asked(() => true);
    ending.ask();
    if (impatience === 'time') vi.advanceTimersByTime(30_000);
    else ending.ask();
    expect(end).toHaveBeenCalledOnce();
  }
});
