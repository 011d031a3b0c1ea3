import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LedgerRow } from './row.ts';

/** Ledger rows that the store would not take, as lines of JSON in a file that only its owner can read. */
export interface Spill {
  readonly path: string;
  /** Synchronous: it runs when the process is about to end. @throws where the file cannot be written */
  append(rows: readonly LedgerRow[]): void;
  /**
   * Hands every spilled row to `keep` and forgets it once `keep` is done. After a crash in between, rows come
   * again: `keep` must take a row twice. Lines torn by a crash are counted and left out.
   */
  drain(keep: (rows: readonly LedgerRow[]) => Promise<void>): Promise<{ readonly tornLineCount: number }>;
}

export function createSpill(path: string): Spill {
  return {
    path,
    append: (rows) => {
      appendFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''), { mode: 0o600 });
    },
    drain: async (keep) => {
      // Renamed first, to a name of its own: what another process spills meanwhile is never removed with it.
      await rename(path, `${path}${takenMark}${randomUUID()}`).catch(ignoreMissing);
      let tornLineCount = 0;
      for (const taken of await takenFiles(path)) {
        const lines = (await readFile(taken, 'utf8')).split('\n').filter((line) => line !== '');
        const rows = lines.flatMap(parseLine);
        tornLineCount += lines.length - rows.length;
        await keep(rows);
        await rm(taken, { force: true });
      }
      return { tornLineCount };
    },
  };
}

const takenMark = '.taken-';

/** Also those that a crashed run had taken and not kept. */
async function takenFiles(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const names = (await readdir(folder).catch(ignoreMissing)) ?? [];
  return names
    .filter((name) => name.startsWith(basename(path) + takenMark))
    .map((name) => join(folder, name));
}

function parseLine(line: string): readonly LedgerRow[] {
  try {
    return [JSON.parse(line) as LedgerRow];
  } catch {
    return [];
  }
}

function ignoreMissing(thrown: unknown): void {
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return;
  throw thrown;
}
