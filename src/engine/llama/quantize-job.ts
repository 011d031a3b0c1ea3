import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { landFile } from '../../models/file-digest.ts';
import { runJob } from './native-job.ts';
import type { JobOptions } from './native-job.ts';
import type { QuantizeRequest, QuantizeResult } from './quantize.ts';

/**
 * Writes a model in another weight format, in a process of its own. The output grows under a name of its own and gets its
 * name when it is whole. Progress is the share of the weights that are written, from libllama's log.
 * @throws NearfarError `invalid_request` (format or file), `aborted`, `internal` where the process died
 */
export async function quantizeFile(request: QuantizeRequest & JobOptions): Promise<QuantizeResult> {
  const { signal, onProgress, ...work } = request;
  const options: JobOptions = {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  const partial = work.output === null ? null : `${work.output}.${randomUUID().slice(0, 8)}.partial`;
  try {
    // The process is this program's own: its answer has the shape that quantizeHere gives.
    const result = (await runJob(
      'quantize-process',
      import.meta.url,
      { ...work, partial },
      options,
    )) as QuantizeResult;
    if (partial !== null && work.output !== null) await landFile(partial, work.output);
    return result;
  } finally {
    if (partial !== null) await rm(partial, { force: true });
  }
}
