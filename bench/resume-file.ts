import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';

/** What a benchmark keeps with `--resume`: `key` says what must be the same for measurements to belong together. */
export interface Resumable {
  readonly key: string;
}

/** @param path `null`: nothing is kept. @throws Error where the file holds measurements of other conditions */
export async function readResumed<State extends Resumable>(
  path: string | null,
  empty: State,
): Promise<State> {
  if (path === null || !existsSync(path)) return empty;
  const state = JSON.parse(await readFile(path, 'utf8')) as State;
  if (state.key !== empty.key) throw new Error(`--resume: ${path} holds "${state.key}", not "${empty.key}"`);
  return state;
}

/** Lands by rename, so that a run that is stopped leaves the last whole measurement. */
export async function keepResumed(path: string | null, state: Resumable): Promise<void> {
  if (path === null) return;
  const partial = `${path}.${process.pid}.part`;
  await writeFile(partial, JSON.stringify(state));
  await rename(partial, path);
}
