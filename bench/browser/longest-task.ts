/** An event of Chromium's trace format, as far as it is read. Times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: { readonly name?: string };
}

export interface LongestTask {
  /** In milliseconds. */
  readonly ms: number;
  readonly count: number;
}

/**
 * The longest task of a renderer's main thread in a trace. `PerformanceObserver` tells only those of 50 ms and more, so it
 * cannot say how far below a page stays.
 * @throws Error where the trace has no such thread or no task
 */
export function longestTask(events: readonly TraceEvent[]): LongestTask {
  const mains = new Set(
    events
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const durations: number[] = [];
  /** Tasks that began and have not ended, by thread: they come as one event each, or as a beginning and an end. */
  const begun = new Map<string, number[]>();
  for (const { name, ph, pid, tid, ts = 0, dur = 0 } of events) {
    const thread = `${pid} ${tid}`;
    if (!/RunTask$/.test(name) || !mains.has(thread)) continue;
    const open = begun.get(thread) ?? [];
    begun.set(thread, open);
    if (ph === 'X') durations.push(dur / 1000);
    else if (ph === 'B') open.push(ts);
    else if (ph === 'E') durations.push((ts - (open.pop() ?? ts)) / 1000);
  }
  if (durations.length === 0) throw new Error('the trace holds no task of a page’s main thread');
  return { ms: durations.reduce((most, each) => Math.max(most, each), 0), count: durations.length };
}
