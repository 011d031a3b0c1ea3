import type { WriteStream } from 'node:tty';
import type { LineCounts } from '../batch/answer-lines.ts';

export interface BatchProgress extends LineCounts {
  /** Lines of this run, and those that an earlier one had answered. */
  readonly totalCount: number;
  readonly keptCount: number;
  readonly elapsedMs: number;
}

/** One line, at most `width` characters: bar, done of total, failures, tokens a second, time that is left. */
export function renderBatchProgress(progress: BatchProgress, width: number): string {
  const { doneCount, failedCount, keptCount, elapsedMs } = progress;
  const total = progress.totalCount + keptCount;
  const done = doneCount + keptCount;
  const share = total === 0 ? 1 : done / total;
  const figures = [
    `${done}/${total}`,
    `${Math.floor(share * 100)}%`,
    ...(failedCount > 0 ? [`${failedCount} failed`] : []),
    ...(doneCount > 0 && elapsedMs > 0
      ? [`${Math.round((progress.completionTokenCount * 1000) / elapsedMs)} tokens/s`]
      : []),
    ...(doneCount > 0 && doneCount < progress.totalCount
      ? [`${formatDuration((elapsedMs / doneCount) * (progress.totalCount - doneCount))} left`]
      : []),
  ].join('  ');
  const barWidth = Math.min(30, width - figures.length - 4);
  const bar = barWidth < 5 ? '' : `[${'#'.repeat(Math.floor(share * barWidth)).padEnd(barWidth, '.')}]  `;
  return `${bar}${figures}`.slice(0, width);
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export interface BatchProgressPrinter {
  readonly update: (progress: BatchProgress) => void;
  /** Something to say between two updates. */
  readonly note: (text: string) => void;
  readonly end: () => void;
}

const redrawMs = 100;
const logEveryMs = 10_000;
const logEveryShare = 0.1;

/** On a terminal one line that rewrites itself; elsewhere a plain line each tenth of the work or each ten seconds. */
export function createBatchProgressPrinter(
  out: NodeJS.WritableStream & Partial<Pick<WriteStream, 'columns' | 'isTTY'>>,
  now: () => number = () => performance.now(),
): BatchProgressPrinter {
  const onTerminal = out.isTTY === true;
  let shownAt = -Infinity;
  let shownCount = 0;
  let isDrawn = false;

  const erase = (): void => {
    if (isDrawn) out.write('\r\x1b[2K');
    isDrawn = false;
  };

  return {
    update(progress) {
      const isLast = progress.doneCount === progress.totalCount;
      const sinceMs = now() - shownAt;
      const isDue = onTerminal
        ? sinceMs >= redrawMs
        : sinceMs >= logEveryMs ||
          progress.doneCount - shownCount >= Math.ceil(progress.totalCount * logEveryShare);
      if (!isDue && !isLast) return;
      shownAt = now();
      shownCount = progress.doneCount;
      const line = renderBatchProgress(progress, onTerminal ? (out.columns ?? 80) - 1 : 120);
      out.write(onTerminal ? `\r\x1b[2K${line}` : `${line}\n`);
      isDrawn = onTerminal;
    },
    note(text) {
      erase();
      out.write(`${text}\n`);
    },
    end: erase,
  };
}
