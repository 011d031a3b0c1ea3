import type { NearfarError } from '../chat/error.ts';
import type { EngineJob } from './engine-job.ts';
import type { JobBoard } from './job-board.ts';
import { guardJob } from './job-guard.ts';

/** Makes a job that ends in one result instead of parts. */
export type CreateResultJob<Result> = (
  resolve: (result: Result) => void,
  reject: (error: NearfarError) => void,
) => EngineJob;

/**
 * Puts a job on the board and waits for its result, its abort or its deadline.
 * @throws NearfarError
 */
export async function resultOfJob<Result>(
  board: JobBoard,
  signal: AbortSignal | undefined,
  deadlineAt: number | null,
  createJob: CreateResultJob<Result>,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const job = createJob(resolve, reject);
  board.accept(job);
  const release = guardJob(signal, deadlineAt, (error) => {
    board.withdraw(job, error);
  });
  try {
    return await promise;
  } finally {
    release();
  }
}
