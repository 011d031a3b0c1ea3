import type { WriteStream } from 'node:tty';

export interface FractionPrinter {
  /** @param fraction 0-1 */
  readonly update: (fraction: number) => void;
  /** Ends the line that is being rewritten. */
  readonly end: () => void;
}

/** How far a job is: a bar that is redrawn on a terminal; elsewhere one plain line per tenth. */
export function createFractionPrinter(
  what: string,
  out: NodeJS.WritableStream & Partial<Pick<WriteStream, 'columns' | 'isTTY'>>,
): FractionPrinter {
  const onTerminal = out.isTTY === true;
  let lastPercent = -1;
  return {
    update: (fraction) => {
      const percent = Math.floor(Math.min(1, Math.max(0, fraction)) * 100);
      const shown = onTerminal ? percent : percent - (percent % 10);
      if (shown === lastPercent) return;
      lastPercent = shown;
      const figure = `${String(shown).padStart(3)}%`;
      if (!onTerminal) {
        out.write(`${what} ${figure}\n`);
        return;
      }
      const bar = `[${'#'.repeat(Math.round(shown * 0.3)).padEnd(30, '.')}]`;
      out.write(`\r\x1b[2K${`${what} ${bar} ${figure}`.slice(0, (out.columns ?? 80) - 1)}`);
    },
    end: () => {
      if (onTerminal && lastPercent >= 0) out.write('\r\x1b[2K');
    },
  };
}
