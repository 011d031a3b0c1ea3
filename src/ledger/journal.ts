import { randomUUID } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { LedgerRow } from './row.ts';

/**
 * Rows that are not in the database yet, as lines of JSON in files that only their owner can read. They are handed to
 * the operating system in one write and no fsync: killing nearfar loses none, a power cut may lose the last ones.
 *
 * Two files take turns: while the rows of one enter the database, new ones go to the other. Each process has its own.
 */
export interface Journal {
  /** Where a person finds the files: their common beginning. */
  readonly path: string;
  /** In one write. @throws where the file cannot be written; the rows are then only in memory, or some of them */
  append(rows: readonly LedgerRow[]): void;
  /** From here on rows go to the other file. Those of this one may be forgotten by `forget`. */
  turn(): void;
  /** The rows that were written before the last turn are in the database. */
  forget(): void;
  /** All rows that are on disk now stay there for `recover`, whatever `forget` will say. */
  keep(): void;
  /**
   * Hands `keep` the rows that processes left behind which are gone. `keep` must take a row twice: a crash in between, or
   * a process that is still there, brings them again. Lines torn by a crash are counted and left out.
   */
  recover(keep: (rows: readonly LedgerRow[]) => Promise<void>): Promise<{ readonly tornLineCount: number }>;
  /** Removes the files unless rows are in them that nobody forgot. */
  close(): Promise<void>;
}

interface Page {
  readonly path: string;
  readonly descriptor: number;
  byteCount: number;
  /** A write was cut short, so the next line must not be glued to it. */
  isTorn: boolean;
  isKept: boolean;
}

/** A file of another host (or container) with the same folder: whether its process lives cannot be asked. */
const foreignAgeMs = 24 * 60 * 60 * 1000;

export function createJournal(path: string): Journal {
  let pages: [Page, Page] | null = null;

  /** Opened with the first row: commands that record nothing leave no file. */
  function openPages(): [Page, Page] {
    pages = [openPage(path), openPage(path)];
    return pages;
  }

  return {
    path,
    append(rows) {
      const [page] = pages ?? openPages();
      let text = page.isTorn ? '\n' : '';
      for (const row of rows) text += `${JSON.stringify(row)}\n`;
      const lines = Buffer.from(text);
      const writtenCount = writeSync(page.descriptor, lines);
      page.byteCount += writtenCount;
      page.isTorn = writtenCount < lines.length;
      if (page.isTorn)
        throw new Error(`only ${writtenCount} of ${lines.length} bytes fitted into ${page.path}`);
    },
    turn() {
      if (pages !== null) pages = [pages[1], pages[0]];
    },
    forget() {
      if (pages === null) return;
      const [current, page] = pages;
      if (page.byteCount === 0) return;
      if (page.isKept) {
        closePage(page);
        pages = [current, openPage(path)];
        return;
      }
      ftruncateSync(page.descriptor, 0);
      page.byteCount = 0;
      page.isTorn = false;
    },
    keep() {
      for (const page of pages ?? []) page.isKept = page.byteCount > 0;
    },
    async recover(keep) {
      let tornLineCount = 0;
      for (const file of await leftFiles(path)) {
        if (openPaths.has(file)) continue;
        const { rows, tornCount } = parseLines(await readFile(file, 'utf8').catch(emptyIfMissing));
        tornLineCount += tornCount;
        if (rows.length > 0) await keep(rows);
        if (await isAbandoned(path, file)) await rm(file, { force: true });
      }
      return { tornLineCount };
    },
    async close() {
      if (pages === null) return;
      const closing = pages;
      pages = null;
      for (const page of closing) {
        closePage(page);
        if (page.byteCount === 0) await rm(page.path, { force: true });
      }
    },
  };
}

/**
 * Rows that are on disk and may not be in the database yet, those of processes that run among them, each once. Nothing is
 * changed; a line that is being written is left out.
 */
export async function readWaitingRows(path: string): Promise<readonly LedgerRow[]> {
  const rows = new Map<string, LedgerRow>();
  for (const file of await leftFiles(path)) {
    const { rows: found } = parseLines(await readFile(file, 'utf8').catch(emptyIfMissing));
    for (const row of found) rows.set(row.requestId, row);
  }
  return [...rows.values()];
}

/** Of all journals of this process. */
const openPaths = new Set<string>();

function openPage(journalPath: string): Page {
  const path = `${journalPath}.${hostname()}.${process.pid}.${randomUUID()}`;
  // To append: a truncated file is then written from its start.
  const descriptor = openSync(path, 'a', 0o600);
  openPaths.add(path);
  return { path, descriptor, byteCount: 0, isTorn: false, isKept: false };
}

function closePage({ path, descriptor }: Page): void {
  closeSync(descriptor);
  openPaths.delete(path);
}

async function leftFiles(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.startsWith(`${basename(path)}.`)).map((name) => join(folder, name));
}

function parseLines(text: string): { readonly rows: readonly LedgerRow[]; readonly tornCount: number } {
  const rows: LedgerRow[] = [];
  let tornCount = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      rows.push(JSON.parse(line) as LedgerRow);
    } catch {
      tornCount++;
    }
  }
  return { rows, tornCount };
}

/** Whether nobody writes the file any more. Of our own number it is a process that had it before us. */
async function isAbandoned(path: string, file: string): Promise<boolean> {
  const match = /^\.(.*)\.(\d+)\.[0-9a-f-]{36}$/.exec(file.slice(path.length));
  if (match?.[1] === hostname()) {
    const pid = Number(match[2]);
    return pid === process.pid || !isAlive(pid);
  }
  const facts = await stat(file).catch(() => null);
  return facts !== null && Date.now() - facts.mtimeMs > foreignAgeMs;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return !(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH');
  }
}

function emptyIfMissing(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return '';
  throw thrown;
}
