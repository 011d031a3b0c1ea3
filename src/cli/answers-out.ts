import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../batch/answer-file.ts';
import { keyOf } from '../batch/prompt-line.ts';
import { standingAnswers } from '../batch/standing-answers.ts';
import { lockFile, type FileLock } from '../models/file-lock.ts';
import { UsageError } from './command.ts';
import type { FileOptions } from './file-options.ts';
import type { ReadyLine } from './ready-lines.ts';

/** @throws UsageError where input and output are one file */
export function requireOther({ file, out }: FileOptions): void {
  if (file !== '-' && existsSync(out) && realpathSync(out) === realpathSync(file))
    throw new UsageError('--out: is the file of the prompts; the answers would be mixed with them');
}

/** One run at a time writes an output: rows of two would be mixed. @throws UsageError where another one does */
export async function holdOutput(out: string, home: string): Promise<FileLock> {
  const name = createHash('sha256').update(path.resolve(out)).digest('hex').slice(0, 24);
  const isTaken = new AbortController();
  try {
    return await lockFile(path.join(home, 'batch', `${name}.lock`), {
      signal: isTaken.signal,
      onWait: () => {
        isTaken.abort();
      },
    });
  } catch (thrown) {
    if (isTaken.signal.aborted) throw new UsageError(`--out: another run is writing ${out}`);
    throw thrown;
  }
}

/** What an earlier run left to do; its output is put in order for more to be appended. @throws UsageError */
export async function openLines(
  ready: readonly ReadyLine[],
  file: FileOptions,
): Promise<readonly ReadyLine[]> {
  const { out } = file;
  const isThere = await stat(out).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isThere) return ready;
  if (file.restart) {
    await replaceFile(out, new Uint8Array());
    return ready;
  }
  const digests = new Map(ready.map(({ line, digest }) => [keyOf(line.id), digest]));
  const standing = standingAnswers(await readFile(out), ready[0]?.line.form ?? 'plain', digests);
  const { foreignLine, changed, unknown } = standing;
  if (foreignLine !== null) {
    throw new UsageError(
      `--out: line ${foreignLine} of ${out} is no answer of such a run; nothing was changed. Name another file, or add --restart.`,
    );
  }
  if (!file.redoChanged && changed.length + unknown.length > 0) {
    const about = [
      ...(changed.length > 0
        ? [`${changed.length} answer what was asked before, e.g. ${changed[0] ?? ''}`]
        : []),
      ...(unknown.length > 0 ? [`${unknown.length} have ids that are gone, e.g. ${unknown[0] ?? ''}`] : []),
    ].join('; ');
    throw new UsageError(
      `--out: the prompts, the options or the model have changed since ${out} was begun: of its rows ${about}. ` +
        'Add --redo-changed to ask those again and keep the rest, or --restart to begin anew.',
    );
  }
  if (standing.rewritten !== null) await replaceFile(out, standing.rewritten);
  return ready.filter(({ line }) => !standing.answered.has(keyOf(line.id)));
}
