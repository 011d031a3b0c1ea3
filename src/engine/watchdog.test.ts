import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createWatchdog, type ChildActivity, type Watchdog } from './watchdog.ts';

let activity: ChildActivity;
let pingCount: number;
let hangs: number[];
let watchdog: Watchdog;

beforeEach(() => {
  vi.useFakeTimers();
  activity = 'answering';
  pingCount = 0;
  hangs = [];
  watchdog = createWatchdog({
    watchdogMs: 1_000,
    activity: () => activity,
    ping: () => {
      pingCount += 1;
    },
    onHang: (silentMs) => hangs.push(silentMs),
  });
});

afterEach(() => {
  watchdog.stop();
  vi.useRealTimers();
});

it('asks before it judges, and judges once', () => {
  vi.advanceTimersByTime(900);
  expect(pingCount).toBe(3);
  expect(hangs).toEqual([]);
  vi.advanceTimersByTime(5_000);
  expect(hangs).toEqual([1_000]);
});

it('leaves a child alone that owes nothing', () => {
  activity = 'none';
  vi.advanceTimersByTime(60_000);
  expect(pingCount).toBe(0);
  expect(hangs).toEqual([]);
  activity = 'answering';
  vi.advanceTimersByTime(900);
  expect(hangs).toEqual([]);
});

it('takes any event for life while answers are owed', () => {
  for (let step = 0; step < 20; step += 1) {
    vi.advanceTimersByTime(700);
    watchdog.heard(step % 2 === 0 ? 'life' : 'progress');
  }
  expect(hangs).toEqual([]);
});

it('is more patient with a load, but wants progress and not mere life', () => {
  activity = 'loading';
  for (let step = 0; step < 5; step += 1) {
    vi.advanceTimersByTime(4_000);
    watchdog.heard('progress');
  }
  expect(hangs).toEqual([]);
  for (let step = 0; step < 5; step += 1) {
    vi.advanceTimersByTime(1_000);
    watchdog.heard('life');
  }
  expect(hangs).toEqual([5_000]);
});

it('does not let a living event loop hide steps that lead nowhere', () => {
  for (let step = 0; step < 19; step += 1) {
    vi.advanceTimersByTime(250);
    watchdog.heard('life');
  }
  expect(hangs).toEqual([]);
  vi.advanceTimersByTime(250);
  expect(hangs).toEqual([5_000]);
});

it('gives the child a chance after this process was asleep', () => {
  vi.advanceTimersByTime(500);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(250);
  expect(hangs).toEqual([]);
});

it('ends with stop', () => {
  watchdog.stop();
  vi.advanceTimersByTime(60_000);
  expect(hangs).toEqual([]);
});
