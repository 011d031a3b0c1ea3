import type { WriteStream } from 'node:tty';
import type { PullProgress } from '../models/store.ts';

/** `1.5 GB`, in powers of ten, as download pages do. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** One line that says how far a pull is; at most `width` characters. `bytesPerSecond` null: not known yet. */
export function renderProgress(progress: PullProgress, bytesPerSecond: number | null, width: number): string {
  const what = `${progress.stage} ${progress.fileName ?? ''}`.trimEnd();
  const { receivedBytes, totalBytes } = progress;
  if (progress.stage !== 'downloading') return what.slice(0, width);
  const speed = bytesPerSecond === null ? '' : `  ${formatBytes(bytesPerSecond)}/s`;
  if (totalBytes === null || totalBytes === 0)
    return `${what}  ${formatBytes(receivedBytes)}${speed}`.slice(0, width);
  const share = Math.min(1, receivedBytes / totalBytes);
  const figures = `${String(Math.floor(share * 100)).padStart(3)}%  ${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}${speed}`;
  const room = width - figures.length - 3;
  const barWidth = Math.max(0, Math.min(30, Math.floor(room / 2)));
  const bar = barWidth < 5 ? '' : `[${'#'.repeat(Math.round(share * barWidth)).padEnd(barWidth, '.')}] `;
  return `${what.slice(0, Math.max(0, room - barWidth - 2))} ${bar}${figures}`.slice(0, width);
}

export interface ProgressPrinter {
  readonly update: (progress: PullProgress) => void;
  /** Ends the line that is being rewritten; further updates begin a new one. */
  readonly end: () => void;
}

/**
 * A bar that is redrawn on a terminal (at most ten times a second); elsewhere one plain line per stage and per
 * tenth of the download.
 */
export function createProgressPrinter(
  out: NodeJS.WritableStream & Partial<Pick<WriteStream, 'columns' | 'isTTY'>>,
  now: () => number = () => performance.now(),
): ProgressPrinter {
  const onTerminal = out.isTTY === true;
  let drawnAt = -Infinity;
  let lastLine = '';
  let dirty = false;
  let startedAt: number | null = null;
  let startBytes = 0;
  let file: string | null = null;

  const speed = (progress: PullProgress): number | null => {
    if (progress.fileName !== file || startedAt === null) {
      file = progress.fileName;
      startedAt = now();
      startBytes = progress.receivedBytes;
    }
    const seconds = (now() - startedAt) / 1000;
    return seconds < 0.5 ? null : Math.max(0, progress.receivedBytes - startBytes) / seconds;
  };

  const drawOnTerminal = (progress: PullProgress): void => {
    const bytesPerSecond = speed(progress);
    const complete = progress.totalBytes !== null && progress.receivedBytes >= progress.totalBytes;
    if (now() - drawnAt < 100 && !complete) return;
    drawnAt = now();
    const line = renderProgress(progress, bytesPerSecond, (out.columns ?? 80) - 1);
    out.write(`\r\x1b[2K${line}`);
    dirty = true;
  };

  const printLine = (progress: PullProgress): void => {
    const bytesPerSecond = speed(progress);
    const tenth =
      progress.totalBytes === null || progress.totalBytes === 0
        ? Math.floor(progress.receivedBytes / 50e6)
        : Math.floor((progress.receivedBytes / progress.totalBytes) * 10);
    const key = `${progress.stage} ${progress.fileName ?? ''} ${progress.stage === 'downloading' ? tenth : ''}`;
    if (key === lastLine) return;
    lastLine = key;
    out.write(`${renderProgress(progress, bytesPerSecond, 120)}\n`);
  };

  return {
    update: (progress) => {
      if (progress.stage === 'done') return;
      if (onTerminal) drawOnTerminal(progress);
      else printLine(progress);
    },
    end: () => {
      if (!dirty) return;
      out.write('\r\x1b[2K');
      dirty = false;
    },
  };
}
