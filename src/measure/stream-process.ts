// Entry of the process that measures a stream. Started by stream-job.ts.
import { serveJob } from '../engine/llama/native-job.ts';
import { measureStreamHere, type StreamMeasureRequest } from './stream.ts';

serveJob((request, report) => measureStreamHere(request as StreamMeasureRequest, report));
