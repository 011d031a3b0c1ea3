import { readFileSync } from 'node:fs';
import process from 'node:process';
import { UsageError } from './command.ts';
import { createFractionPrinter } from './fraction-printer.ts';

/** Runs a long measurement with its progress on standard error; Ctrl-C ends it at once. */
export async function runMeasuring<Result>(
  title: string,
  work: (options: {
    readonly signal: AbortSignal;
    readonly onProgress: (fraction: number) => void;
  }) => Promise<Result>,
): Promise<Result> {
  const interrupt = new AbortController();
  const stop = () => {
    interrupt.abort();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const printer = createFractionPrinter(title, process.stderr);
  try {
    return await work({ signal: interrupt.signal, onProgress: printer.update });
  } finally {
    printer.end();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** The text of `--text`. @throws UsageError */
export function readMeasuringText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (thrown) {
    const reason = thrown instanceof TypeError ? 'it is not UTF-8 text' : (thrown as Error).message;
    throw new UsageError(`--text: ${file} cannot be used: ${reason}`);
  }
}

export function plusMinus(error: number | null, digits: number): string {
  return error === null ? '' : ` ± ${error.toFixed(digits)}`;
}
