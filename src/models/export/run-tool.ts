import { spawn } from 'node:child_process';
import process from 'node:process';
import { NearfarError } from '../../chat/error.ts';
import type { ExportStep } from './edge-formats.ts';

/** Variables of a program, by their names. */
export type ToolEnvironment = Readonly<Record<string, string | undefined>>;

export interface ToolOptions {
  readonly environment: ToolEnvironment;
  /** Where it runs: tools leave logs and caches lying about. @default this process's */
  readonly folder?: string;
  readonly signal: AbortSignal;
  /** The last line that it said, and a fraction where the line has a percentage. */
  readonly onLine: (line: string, fraction: number | null) => void;
}

/** Enough of what a tool said to see why it failed. */
const keptCharacters = 4000;

/**
 * Runs a conversion's program to its end, in a process group of its own, which the signal kills whole. It may not fetch anything
 * from a hub: what it converts is a folder here.
 * @returns all that it wrote to standard output
 * @throws NearfarError `aborted`, `unavailable` where it cannot be started, `internal` with its last lines where it failed
 */
export function runTool(
  step: ExportStep,
  { environment, folder, signal, onLine }: ToolOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new NearfarError('aborted', 'Stopped before it began.'));
      return;
    }
    const child = spawn(step.program, step.args, {
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(folder === undefined ? {} : { cwd: folder }),
      env: { ...environment, HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1', PYTHONUNBUFFERED: '1' },
    });
    let said = '';
    let output = '';
    const hear = (text: string): void => {
      said = (said + text).slice(-keptCharacters);
      const line = said.split(/[\r\n]+/).findLast((one) => one.trim() !== '') ?? '';
      const [, percent] = /(\d{1,3})%/.exec(line) ?? [];
      onLine(line.trim().slice(0, 200), percent === undefined ? null : Math.min(1, Number(percent) / 100));
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      hear(text);
    });
    child.stderr.setEncoding('utf8').on('data', hear);
    const kill = (): void => {
      if (child.pid === undefined) return;
      try {
        // The whole group: compilers that it started die with it.
        if (process.platform === 'win32') child.kill('SIGKILL');
        else process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    };
    signal.addEventListener('abort', kill, { once: true });
    process.once('exit', kill);
    const settle = (): void => {
      signal.removeEventListener('abort', kill);
      process.off('exit', kill);
    };
    child.once('error', (error) => {
      settle();
      reject(
        new NearfarError('unavailable', `${step.program} cannot be started: ${error.message}`, {
          cause: error,
        }),
      );
    });
    child.once('close', (code, killedBy) => {
      settle();
      if (code === 0) resolve(output);
      else if (signal.aborted) reject(new NearfarError('aborted', 'Stopped.'));
      else {
        const end = `${step.title}: the tool ended with ${killedBy ?? `exit code ${code ?? '?'}`}`;
        reject(new NearfarError('internal', `${end}. It said last:\n${said.trim().slice(-1500)}`));
      }
    });
  });
}

/**
 * Which of some modules a Python lacks; `null` where there is no such Python.
 */
export async function missingModules(
  python: string,
  modules: readonly string[],
  options: Pick<ToolOptions, 'environment' | 'signal'>,
): Promise<readonly string[] | null> {
  const script =
    'import importlib.util, json, sys; print(json.dumps([m for m in sys.argv[1:] if importlib.util.find_spec(m) is None]))';
  try {
    const step = { title: 'looking', program: python, args: ['-c', script, ...modules] };
    const said = await runTool(step, { ...options, onLine: () => undefined });
    const list: unknown = JSON.parse(said.trim().split('\n').at(-1) ?? '');
    return Array.isArray(list) ? list.map(String) : null;
  } catch (error) {
    if (options.signal.aborted) throw error;
    return null;
  }
}
