import type { Benchmark } from './benchmark.ts';
import { ask } from './sides.ts';
import { rounded, summarize } from './stats.ts';

const outputTokenCount = 8;

/** From starting the server's process to the end of its first answer, when all is pulled and measured already. */
export const start: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 2 : 7);
  const once = async (): Promise<{ readonly readyMs: number; readonly answeredMs: number }> => {
    const side = await setup.nearfar.start();
    try {
      const askedAt = performance.now();
      await ask(side, { system: null, user: 'Say hello.', outputTokenCount });
      return { readyMs: side.startMs, answeredMs: side.startMs + performance.now() - askedAt };
    } finally {
      await side.stop();
    }
  };
  setup.progress('first start');
  const first = await once();
  const runs: Awaited<ReturnType<typeof once>>[] = [];
  for (let repeat = 0; repeat < repeatCount; repeat++) {
    setup.progress(`start ${repeat + 1} of ${repeatCount}`);
    runs.push(await once());
  }
  const ready = summarize(runs.map((run) => run.readyMs));
  const answered = summarize(runs.map((run) => run.answeredMs));
  return {
    figures: { start_ms: rounded(answered.median) },
    targets: [{ key: 'start_ms', value: answered.median, atMost: 2000 }],
    rows: [
      {
        label: 'first start (model already pulled)',
        cells: { 'ready ms': rounded(first.readyMs), 'answered ms': rounded(first.answeredMs) },
      },
      {
        label: 'further starts, median',
        cells: { 'ready ms': rounded(ready.median), 'answered ms': rounded(answered.median) },
      },
      {
        label: 'further starts, range',
        cells: {
          'ready ms': `${rounded(ready.min)}-${rounded(ready.max)}`,
          'answered ms': `${rounded(answered.min)}-${rounded(answered.max)}`,
        },
      },
    ],
    notes: [
      `${repeatCount} starts after a first one, files in the system's cache; from spawning the process (not npm) to ` +
        `the end of an answer of ${outputTokenCount} tokens. /ready is asked every 20 ms.`,
    ],
  };
};
