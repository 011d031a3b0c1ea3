import { runJob, type JobOptions } from '../engine/llama/native-job.ts';
import type { KernelRun, KernelRunRequest } from './kernel-run.ts';

/** `runKernelsHere` in a process of its own, which the signal kills: kernels that crash crash nothing else. @throws NearfarError */
export async function runKernels(request: KernelRunRequest, options: JobOptions = {}): Promise<KernelRun> {
  // The process is this program's own: its answer has the shape that runKernelsHere gives.
  return (await runJob('kernel-run-process', import.meta.url, request, options)) as KernelRun;
}
