import { runJob, type JobOptions } from '../engine/llama/native-job.ts';
import type { GroupTimes, StepTimesRequest } from './step-times.ts';

/** `measureStepTimesHere` in a process of its own, which the signal kills. @throws NearfarError */
export async function measureStepTimes(
  request: StepTimesRequest,
  options: JobOptions = {},
): Promise<GroupTimes> {
  // The process is this program's own: its answer has the shape that measureStepTimesHere gives.
  return (await runJob('step-times-process', import.meta.url, request, options)) as GroupTimes;
}
