import { expect, it } from 'vitest';
import { abortSignalOf, Stopper } from './stop-signal.ts';

it('tells each listener once, and none that left or came too late', () => {
  const stop = new Stopper();
  const heard: string[] = [];
  const leaves = (): void => void heard.push('left');
  stop.addEventListener('abort', () => {
    heard.push('first');
    // While others are being told.
    stop.removeEventListener('abort', leaves);
  });
  stop.addEventListener('abort', () => void heard.push('second'));
  stop.addEventListener('abort', leaves);
  stop.removeEventListener('abort', leaves);
  stop.abort('why');
  stop.abort('again');
  stop.addEventListener('abort', () => void heard.push('late'));
  expect(heard).toEqual(['first', 'second']);
  expect(stop).toMatchObject({ aborted: true, reason: 'why' });
});

it('is the web’s own for those who need it', () => {
  const own = new AbortController().signal;
  expect(abortSignalOf(own)).toBe(own);
  const stop = new Stopper();
  const signal = abortSignalOf(stop);
  expect(signal.aborted).toBe(false);
  stop.abort('why');
  expect(signal.reason).toBe('why');
  expect(abortSignalOf(stop).reason).toBe('why');
});
