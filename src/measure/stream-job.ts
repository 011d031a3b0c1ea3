import { runJob, type JobOptions } from '../engine/llama/native-job.ts';
import type { StreamMeasurement, StreamMeasureRequest } from './stream.ts';

/**
 * Perplexity past the window, measured in a process of its own, which `signal` kills.
 * @throws NearfarError as `measureStreamHere` does, `aborted` by the signal, `internal` where the process died
 */
export async function measureStream(
  request: StreamMeasureRequest,
  options: JobOptions = {},
): Promise<StreamMeasurement> {
  // The process is this program's own: its answer has the shape that measureStreamHere gives.
  return (await runJob('stream-process', import.meta.url, request, options)) as StreamMeasurement;
}
