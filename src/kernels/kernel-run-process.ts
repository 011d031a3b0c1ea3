// Entry of the process that runs CPU kernels for the comparison. Started by kernel-run-job.ts.
import { serveJob } from '../engine/llama/native-job.ts';
import { runKernelsHere, type KernelRunRequest } from './kernel-run.ts';

serveJob((request) => runKernelsHere(request as KernelRunRequest));
