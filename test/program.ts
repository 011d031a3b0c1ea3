import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';

/** A program under test, in a process group of its own, so that nothing of it is left behind. */
export interface Program {
  /** Everything it wrote so far, both streams. */
  readonly output: () => string;
  readonly stdout: () => string;
  /** Resolves with the match; rejects where it ends or `timeoutMs` passes first, showing the output. */
  readonly waitFor: (pattern: RegExp, timeoutMs: number) => Promise<RegExpExecArray>;
  readonly write: (text: string) => void;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ctrl-C, as a terminal sends it: to the whole group. */
  readonly interrupt: () => void;
  /** Exit code, or the signal's name, once every process that holds its output has ended. */
  readonly ended: Promise<number | string>;
  /** SIGKILL to the whole group; safe at any time. */
  readonly destroy: () => void;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to standard input, which is then closed; null leaves it open. @default closed at once */
  readonly input?: string | null;
}

export function startProgram(file: string, args: readonly string[], options: ProgramOptions = {}): Program {
  const child: ChildProcess = spawn(file, args, {
    cwd: options.cwd,
    env: { ...newcomerEnvironment(), ...options.env },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let output = '';
  const waiters = new Set<() => void>();
  const notify = () => {
    for (const check of [...waiters]) check();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
    notify();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    notify();
  });
  let end: number | string | null = null;
  const ended = new Promise<number | string>((resolve) => {
    child.on('error', (error) => {
      end = error.message;
      resolve(error.message);
      notify();
    });
    child.on('close', (code, signal) => {
      end = code ?? signal ?? 'unknown';
      resolve(end);
      notify();
    });
  });
  child.stdin?.on('error', () => undefined);
  if (options.input !== null) child.stdin?.end(options.input ?? '');
  return {
    output: () => output,
    stdout: () => stdout,
    waitFor: (pattern, timeoutMs) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          clearTimeout(timer);
          waiters.delete(check);
          act();
        };
        const fail = (why: string) => {
          settle(() => {
            reject(new Error(`${why} before ${String(pattern)}; its output:\n${output}`));
          });
        };
        const check = () => {
          const match = pattern.exec(output);
          if (match !== null)
            settle(() => {
              resolve(match);
            });
          else if (end !== null) fail(`${file} ended (${end})`);
        };
        const timer = setTimeout(() => {
          fail(`${timeoutMs} ms passed`);
        }, timeoutMs);
        waiters.add(check);
        check();
      }),
    write: (text) => child.stdin?.write(text),
    signal: (signal) => child.kill(signal),
    interrupt: () => {
      signalGroup(child, 'SIGINT');
    },
    ended,
    destroy: () => {
      signalGroup(child, 'SIGKILL');
    },
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}

/** The environment without what npm, vitest and this repository added: what a newcomer's shell has. */
export function newcomerEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      !/^(npm_|NEARFAR_(?!TEST_)|VITEST|NODE_|INIT_CWD$|TEST$|DEV$|PROD$|MODE$)/.test(entry[0]),
  );
  const environment = Object.fromEntries(entries);
  const folders = (environment['PATH'] ?? '').split(path.delimiter);
  environment['PATH'] = folders
    .filter(
      (folder) => !folder.includes(`${path.sep}node_modules${path.sep}`) && !folder.includes('node-gyp-bin'),
    )
    .join(path.delimiter);
  return environment;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
