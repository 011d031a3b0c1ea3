// Entry of the process that measures one file of weights. Started by weights-job.ts.
import { serveJob } from '../engine/llama/native-job.ts';
import { measureWeightsFileHere, type WeightsFileRequest } from './weights.ts';

serveJob((request, report) => measureWeightsFileHere(request as WeightsFileRequest, report));
