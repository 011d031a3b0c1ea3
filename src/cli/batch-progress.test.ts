import { describe, expect, it } from 'vitest';
import { createBatchProgressPrinter, formatDuration, renderBatchProgress } from './batch-progress.ts';

const progress = {
  doneCount: 30,
  failedCount: 2,
  promptTokenCount: 500,
  completionTokenCount: 1200,
  totalCount: 90,
  keptCount: 10,
  elapsedMs: 4000,
};

describe('the progress of a run', () => {
  it('says done of all, failures, speed and the time that is left', () => {
    expect(renderBatchProgress(progress, 60)).toMatch(
      /^\[#+\.+\] {2}40\/100 {2}40% {2}2 failed {2}300 tokens\/s {2}8 s left$/,
    );
    expect(renderBatchProgress(progress, 20).length).toBeLessThanOrEqual(20);
    const last = renderBatchProgress({ ...progress, doneCount: 90, failedCount: 0 }, 200);
    expect(last).toMatch(/\[#{30}\] {2}100\/100 {2}100% {2}300 tokens\/s$/);
  });

  it('writes times as people do', () => {
    expect([3_400, 200_000, 7_500_000].map(formatDuration)).toEqual(['3 s', '3 min 20 s', '2 h 5 min']);
  });

  it('is a few plain lines in a log', () => {
    const written: string[] = [];
    const out = { write: (text: string) => written.push(text) } as unknown as NodeJS.WritableStream;
    const printer = createBatchProgressPrinter(out, () => 0);
    for (let doneCount = 1; doneCount <= 90; doneCount++) printer.update({ ...progress, doneCount });
    printer.end();
    expect(written.length).toBeLessThanOrEqual(12);
    expect(written.every((text) => text.endsWith('\n') && !text.includes('\x1b'))).toBe(true);
    expect(written.at(-1)).toContain('100/100');
  });
});
