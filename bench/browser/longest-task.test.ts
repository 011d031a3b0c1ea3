import { expect, it } from 'vitest';
import { longestTask, type TraceEvent } from './longest-task.ts';

const event = (tid: number, name: string, dur: number): TraceEvent => ({
  name,
  ph: 'X',
  pid: 1,
  tid,
  ts: 0,
  dur,
});

it('is that of the page’s main thread, and of no other', () => {
  const names: TraceEvent[] = [
    { name: 'thread_name', ph: 'M', pid: 1, tid: 7, args: { name: 'CrRendererMain' } },
    { name: 'thread_name', ph: 'M', pid: 1, tid: 8, args: { name: 'DedicatedWorker thread' } },
  ];
  const tasks = [
    event(7, 'ThreadControllerImpl::RunTask', 4_000),
    event(7, 'RunTask', 12_500),
    event(7, 'Layout', 90_000),
    event(8, 'RunTask', 900_000),
  ];
  expect(longestTask([...names, ...tasks])).toEqual({ ms: 12.5, count: 2 });
  const halves: TraceEvent[] = [
    { name: 'RunTask', ph: 'B', pid: 1, tid: 7, ts: 1_000 },
    { name: 'RunTask', ph: 'E', pid: 1, tid: 7, ts: 9_000 },
  ];
  expect(longestTask([...names, ...halves])).toEqual({ ms: 8, count: 1 });
  expect(() => longestTask(names)).toThrow('no task');
});
