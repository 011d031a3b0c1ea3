import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import { settingsSchema } from '../config/schema.ts';
import { NearfarError } from '../chat/error.ts';
import type { PlanQuestion } from '../plan/decide/question.ts';
import { settingsFor, type SettingsData } from '../plan/decide/settings.ts';
import type { SetUp } from '../plan/decide/set-up.ts';
import { setUpWords } from '../plan/guide/guide-row.ts';
import { UsageError } from './command.ts';
import type { Trial } from './plan-trial.ts';

export interface Applied {
  readonly isWritten: boolean;
  readonly file: string;
  /** `null`: nothing was started. */
  readonly trial: Trial | null;
  /** For people. */
  readonly lines: readonly string[];
}

/** Writes the settings of a set-up, and tries it where this machine can. Never over a file unless forced. */
export async function applySetUp(
  question: PlanQuestion,
  setUp: SetUp,
  loaded: LoadedSettings,
  how: {
    readonly file: string;
    readonly isForced: boolean;
    readonly starts: boolean;
    /** Whether this machine is measured first, where it was not. */
    readonly measures: boolean;
  },
): Promise<Applied> {
  const file = path.resolve(how.file);
  const text = await settingsText(settingsFor(question, setUp), setUp, file);
  try {
    writeWhole(file, text, how.isForced);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    return { isWritten: false, file, trial: null, lines: [`${file} is there already; --force replaces it.`] };
  }
  const lines = [`Wrote ${file}.`];
  if (!how.starts) return { isWritten: true, file, trial: null, lines };
  const { tryHere } = await import('./plan-trial.ts');
  const trial = await tryHere(question, setUp, loaded, how);
  return { isWritten: true, file, trial, lines: [...lines, ...trial.lines] };
}

/** @throws UsageError where the name is none of a settings file; NearfarError where the settings are not valid, which is our fault */
async function settingsText(data: SettingsData, setUp: SetUp, file: string): Promise<string> {
  if (!/\.(ya?ml|json)$/.test(file))
    throw new UsageError(
      `--out: expected a name ending in .yaml or .json, got ${JSON.stringify(path.basename(file))}`,
    );
  const checked = settingsSchema.safeParse(data);
  if (!checked.success)
    throw new NearfarError('internal', `The settings of this set-up are not valid: ${checked.error.message}`);
  if (file.endsWith('.json')) return `${JSON.stringify(data, null, 2)}\n`;
  const { stringify } = await import('yaml');
  const remark = `Written by nearfar plan: ${setUpWords(setUp)}; estimated. All settings: nearfar config init`;
  return `# ${remark}\n${stringify(data, { lineWidth: 110 })}`;
}

/**
 * Under another name first, flushed to the disk, so that a file of this name is whole whenever the machine goes down.
 * @throws an error with the code EEXIST where it is there and `isForced` is not set
 */
export function writeWhole(file: string, text: string, isForced: boolean): void {
  if (!isForced && existsSync(file)) throw Object.assign(new Error(`${file} exists`), { code: 'EEXIST' });
  mkdirSync(path.dirname(file), { recursive: true });
  const waiting = `${file}.${process.pid}.${randomUUID()}`;
  try {
    const descriptor = openSync(waiting, 'wx', 0o600);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (isForced) renameSync(waiting, file);
    // A link is refused where a file of that name came up meanwhile; a rename would replace it.
    else linkSync(waiting, file);
  } finally {
    rmSync(waiting, { force: true });
  }
}
