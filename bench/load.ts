import { fork, type ChildProcess } from 'node:child_process';
import type { Mode } from './gateway-traffic.ts';

export interface LoadJob {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Asked in turn. */
  readonly bodies: readonly string[];
  readonly mode: Mode;
  readonly connectionCount: number;
  /** How long, or how many requests. */
  readonly until: { readonly seconds: number } | { readonly requestCount: number };
}

export interface LoadResult {
  readonly answeredCount: number;
  readonly seconds: number;
  /** From sending to the answer's last byte. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What went wrong, and how often. */
  readonly faults: Readonly<Record<string, number>>;
}

export interface LoadGenerator {
  /** @throws Error where an answer was wrong or none came */
  run(job: LoadJob): Promise<LoadResult>;
  close(): void;
}

/** The client of `bench -- gateway`: a process of its own, so that it shares no event loop with what measures. */
export function openLoadGenerator(): LoadGenerator {
  const child: ChildProcess = fork(new URL('./load-generator.ts', import.meta.url), { stdio: 'inherit' });
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const onExit = (): void => {
          reject(new Error('the load generator ended'));
        };
        child.once('exit', onExit);
        child.once('message', (message) => {
          child.off('exit', onExit);
          const result = message as LoadResult;
          const faults = Object.entries(result.faults);
          if (faults.length === 0) resolve(result);
          else reject(new Error(faults.map(([what, count]) => `${count} times ${what}`).join('; ')));
        });
        child.send(job);
      }),
    close: () => {
      child.kill('SIGKILL');
    },
  };
}
