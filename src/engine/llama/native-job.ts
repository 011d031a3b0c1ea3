import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NearfarError } from '../../chat/error.ts';
import type { ErrorKind } from '../../chat/error.ts';
import { exitWithParent } from '../lifeline.ts';

/** What a job's process says to its parent. */
type JobMessage =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'done'; readonly result: unknown }
  | { readonly type: 'failed'; readonly kind: ErrorKind; readonly message: string };

export interface JobOptions {
  /** Kills the process. */
  readonly signal?: AbortSignal;
  /** Fractions 0-1, as far as the job reports them. */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * Runs native work in a process of its own, so that an abort in it kills nothing else.
 * @param name the entry's file name without extension, beside `from`
 * @param from `import.meta.url` of the caller
 * @throws NearfarError what the job threw, `aborted` by the signal, or `internal` where the process died
 */
export function runJob(name: string, from: string, request: object, options: JobOptions): Promise<unknown> {
  const entry = fileURLToPath(new URL(`./${name}${extname(fileURLToPath(from))}`, from));
  const { signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new NearfarError('aborted', 'Stopped before it began.'));
      return;
    }
    // Flags of this process (a test runner's loader, an inspector's port) are not meant for the child.
    const child = fork(entry, [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let lastOutput = '';
    const said: { last: JobMessage | null } = { last: null };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastOutput = (lastOutput + text).slice(-2000);
    });
    child.on('message', (message) => {
      const part = message as JobMessage;
      if (part.type === 'progress') onProgress?.(part.fraction);
      else said.last = part;
    });
    const abort = (): void => {
      child.kill('SIGKILL');
    };
    signal?.addEventListener('abort', abort, { once: true });
    const finish = (error: NearfarError | null, result?: unknown): void => {
      signal?.removeEventListener('abort', abort);
      if (error === null) resolve(result);
      else reject(error);
    };
    child.on('error', (error) => {
      finish(
        new NearfarError('internal', `The ${name} cannot be started: ${error.message}`, { cause: error }),
      );
    });
    child.on('close', (code, killedBy) => {
      const outcome = said.last;
      if (outcome?.type === 'done') finish(null, outcome.result);
      else if (outcome?.type === 'failed') finish(new NearfarError(outcome.kind, outcome.message));
      else if (signal?.aborted === true) finish(new NearfarError('aborted', 'Stopped.'));
      else
        finish(
          new NearfarError(
            'internal',
            `The ${name} died (${killedBy ?? `exit ${code ?? '?'}`}). ${lastLine(lastOutput)}`,
          ),
        );
    });
    child.send(request);
  });
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1)?.slice(-300) ?? '';
}

/** The child's side: waits for the request, does the work, answers and exits. Call it once, first thing. */
export function serveJob(
  work: (request: unknown, report: (fraction: number) => void) => Promise<unknown>,
): void {
  exitWithParent();
  const say = (message: JobMessage): Promise<void> =>
    new Promise((resolve) => {
      if (process.send === undefined) throw new Error('This program is started by nearfar, not by hand.');
      process.send(message, () => {
        resolve();
      });
    });
  process.once('message', (request) => {
    const report = (fraction: number): void => {
      void say({ type: 'progress', fraction });
    };
    work(request, report)
      .then(
        (result): JobMessage => ({ type: 'done', result }),
        (error: unknown): JobMessage => ({
          type: 'failed',
          kind: error instanceof NearfarError ? error.kind : 'internal',
          message: error instanceof Error ? error.message : String(error),
        }),
      )
      .then(say)
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  });
}
