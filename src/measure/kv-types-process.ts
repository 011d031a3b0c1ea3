// Entry of the process that measures the types of KV cache. Started by kv-types-job.ts.
import { serveJob } from '../engine/llama/native-job.ts';
import { measureKvHere, type KvMeasureRequest } from './kv-types.ts';

serveJob((request, report) => measureKvHere(request as KvMeasureRequest, report));
