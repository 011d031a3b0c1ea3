import { runJob } from '../engine/llama/native-job.ts';
import type { ModelMeasureRequest, ModelMeasurement } from './model.ts';

/**
 * Speeds and perplexity of a model file on this machine, measured in a process of its own.
 * @throws NearfarError where the file cannot be loaded, `aborted` by the signal, `internal` where the process died
 */
export async function measureModel(
  request: ModelMeasureRequest & { readonly signal?: AbortSignal },
): Promise<ModelMeasurement> {
  const { signal, ...work } = request;
  const options = signal === undefined ? {} : { signal };
  // The process is this program's own: its answer has the shape that measureHere gives.
  return (await runJob('measure-process', import.meta.url, work, options)) as ModelMeasurement;
}
