import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

export interface ServerCommand {
  /** Shown in errors. */
  readonly label: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly origin: string;
  readonly healthPath: string;
  /** Milliseconds until the server must be healthy. */
  readonly startTimeoutMs?: number;
}

export interface ChildServer {
  readonly origin: string;
  readonly pid: number;
  /** From spawn to the first healthy answer, milliseconds. */
  readonly startMs: number;
  /** The last lines that it wrote. */
  log(): string;
  stop(): Promise<void>;
  /** As a crash ends it: SIGKILL, at once. */
  kill(): Promise<void>;
}

const children = new Set<ChildProcess>();

/** Ends every server of this process at once: for the way out after a signal. */
export function killServers(): void {
  for (const child of children) child.kill('SIGKILL');
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port could be bound on 127.0.0.1');
  return address.port;
}

/**
 * Starts a server and waits until it says that it is healthy.
 * @throws Error with the tail of its log where it exits or stays unhealthy
 */
export async function startServer(command: ServerCommand): Promise<ChildServer> {
  const startedAt = performance.now();
  const child = spawn(command.file, command.args, { env: command.env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let log = '';
  const keep = (text: Buffer): void => {
    log = (log + text.toString('utf8')).slice(-8000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const state = { ended: null as string | null };
  const exited = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      state.ended = why;
      children.delete(child);
      resolve();
    };
    child.once('error', (error) => {
      end(error.message);
    });
    child.once('exit', (code, signal) => {
      end(`exit ${code ?? signal ?? 'unknown'}`);
    });
  });
  const stop = async (): Promise<void> => {
    if (state.ended !== null) return;
    child.kill('SIGTERM');
    await Promise.race([exited, sleep(5000, undefined, { ref: false })]);
    child.kill('SIGKILL');
    await exited;
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const deadline = startedAt + (command.startTimeoutMs ?? 120_000);
  while (!(await isHealthy(command.origin + command.healthPath))) {
    if (state.ended !== null) throw new Error(`${command.label} did not start (${state.ended}):\n${log}`);
    if (performance.now() > deadline) {
      await stop();
      throw new Error(`${command.label} was not healthy in time:\n${log}`);
    }
    await sleep(20);
  }
  return {
    origin: command.origin,
    pid: child.pid ?? 0,
    startMs: performance.now() - startedAt,
    log: () => log,
    stop,
    kill,
  };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await request(url, { headersTimeout: 2000, bodyTimeout: 2000 });
    await response.body.dump();
    return response.statusCode === 200;
  } catch {
    // Not listening yet.
    return false;
  }
}
