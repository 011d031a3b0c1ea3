import fc from 'fast-check';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { PullProgress } from '../models/store.ts';
import { createProgressPrinter, formatBytes, renderProgress } from './progress.ts';

const at = (receivedBytes: number, totalBytes: number | null): PullProgress => ({
  stage: 'downloading',
  fileName: 'model.gguf',
  receivedBytes,
  totalBytes,
});

describe('formatBytes', () => {
  it('writes powers of ten with a unit', () => {
    expect([0, 999, 1000, 98_400_000, 2_500_000_000].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '98.4 MB',
      '2.5 GB',
    ]);
  });
});

describe('renderProgress', () => {
  it('shows share, sizes and speed', () => {
    expect(renderProgress(at(5e7, 1e8), 1e7, 100)).toMatch(
      /^downloading model\.gguf \[#+\.+\] {2}50% {2}50\.0 MB of 100 MB {2}10\.0 MB\/s$/,
    );
  });

  it('never exceeds the width', () => {
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.option(fc.nat(1e9)),
        fc.integer({ min: 10, max: 200 }),
        (received, total, width) => {
          expect(renderProgress(at(received, total), 123, width).length).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

describe('createProgressPrinter', () => {
  function printed(isTTY: boolean, updates: readonly PullProgress[]): string {
    const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
    let time = 0;
    const printer = createProgressPrinter(stream, () => (time += 200));
    for (const update of updates) printer.update(update);
    printer.end();
    return String(stream.read());
  }
  const hundred = Array.from({ length: 101 }, (_, index) => at(index * 1e6, 1e8));

  it('redraws one line on a terminal and clears it at the end', () => {
    const text = printed(true, hundred);
    expect(text).not.toContain('\n');
    expect(text.endsWith('\r\x1b[2K')).toBe(true);
  });

  it('writes one plain line a tenth elsewhere', () => {
    const text = printed(false, hundred);
    expect(text).not.toContain('\x1b');
    expect(text.trimEnd().split('\n')).toHaveLength(11);
  });
});
