import { runJob, type JobOptions } from '../engine/llama/native-job.ts';
import { quantizeFile } from '../engine/llama/quantize-job.ts';
import { wideShape, writeCalibrationModel } from '../measure/calibration-model.ts';
import type { ComparingTools } from './compare-kernels.ts';
import type { KernelRun, KernelRunRequest } from './kernel-run.ts';

/** `runKernelsHere` in a process of its own, which the signal kills: kernels that crash crash nothing else. @throws NearfarError */
export async function runKernels(request: KernelRunRequest, options: JobOptions = {}): Promise<KernelRun> {
  // The process is this program's own: its answer has the shape that runKernelsHere gives.
  return (await runJob('kernel-run-process', import.meta.url, request, options)) as KernelRun;
}

/** What kernels are compared with: a made-up model that is nobody's, in processes of their own. */
export const comparingTools: ComparingTools = {
  writeModel: (path) => {
    writeCalibrationModel(path, wideShape);
  },
  quantize: quantizeFile,
  run: runKernels,
};
