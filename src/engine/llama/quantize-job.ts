import { rm, stat } from 'node:fs/promises';
import { runJob } from './native-job.ts';
import type { JobOptions } from './native-job.ts';
import { partialPath } from './quantize.ts';
import type { QuantizeRequest } from './quantize.ts';

const pollMs = 250;

/**
 * Writes a model in another weight format, in a process of its own. `onProgress` is an estimate by the size of what
 * is written, over the size of the input.
 * @throws NearfarError `invalid_request` (format or file), `aborted`, `internal` where the process died
 */
export async function quantizeFile(request: QuantizeRequest & JobOptions): Promise<void> {
  const { signal, onProgress, ...work } = request;
  const partial = partialPath(work.output);
  const inputBytes = (await stat(work.input)).size;
  const timer = setInterval(() => {
    stat(partial).then(
      ({ size }) => onProgress?.(Math.min(0.99, size / inputBytes)),
      () => undefined,
    );
  }, pollMs);
  try {
    await runJob('quantize-process', import.meta.url, work, signal === undefined ? {} : { signal });
  } finally {
    clearInterval(timer);
    await rm(partial, { force: true });
  }
}
