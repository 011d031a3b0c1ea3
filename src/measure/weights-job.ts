import { runJob, type JobOptions } from '../engine/llama/native-job.ts';
import type { WeightsFileMeasurement, WeightsFileRequest } from './weights.ts';

/**
 * Size in memory, speed and quality of one file of weights, measured in a process of its own, which `signal` kills.
 * @throws NearfarError where the file cannot be loaded, `aborted` by the signal, `internal` where the process died
 */
export async function measureWeightsFile(
  request: WeightsFileRequest,
  options: JobOptions = {},
): Promise<WeightsFileMeasurement> {
  // The process is this program's own: its answer has the shape that measureWeightsFileHere gives.
  return (await runJob('weights-process', import.meta.url, request, options)) as WeightsFileMeasurement;
}
