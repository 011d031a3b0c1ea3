import { runJob, type JobOptions } from '../engine/llama/native-job.ts';
import type { KvMeasureRequest, KvMeasurement } from './kv-types.ts';

/**
 * Memory, perplexity and speed of each type of KV cache, measured in a process of its own, which `signal` kills.
 * @throws NearfarError where the file cannot be loaded, `aborted` by the signal, `internal` where the process died
 */
export async function measureKvTypes(
  request: KvMeasureRequest,
  options: JobOptions = {},
): Promise<KvMeasurement> {
  // The process is this program's own: its answer has the shape that measureKvHere gives.
  return (await runJob('kv-types-process', import.meta.url, request, options)) as KvMeasurement;
}
