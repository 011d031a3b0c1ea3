import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { runJob, type JobOptions } from '../engine/llama/native-job.ts';
import { landFile } from '../models/file-digest.ts';
import type { ImportanceRequest, ImportanceResult } from './importance.ts';

/**
 * Collects an importance matrix in a process of its own, which `signal` kills; the file appears when it is whole.
 * @throws NearfarError where the model cannot be loaded or the text is too short, `aborted`, `internal` where the process died
 */
export async function collectImportance(
  request: ImportanceRequest,
  options: JobOptions = {},
): Promise<ImportanceResult> {
  const partial = `${request.output}.${randomUUID().slice(0, 8)}.partial`;
  try {
    const work = { ...request, output: partial };
    // The process is this program's own: its answer has the shape that collectImportanceHere gives.
    const result = (await runJob('importance-process', import.meta.url, work, options)) as ImportanceResult;
    await landFile(partial, request.output);
    return result;
  } finally {
    await rm(partial, { force: true });
  }
}
