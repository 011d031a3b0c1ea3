// Entry of the process that measures one model file. Started by measure-job.ts.
import { serveJob } from '../engine/llama/native-job.ts';
import { measureHere } from './model.ts';
import type { ModelMeasureRequest } from './model.ts';

serveJob((request) => measureHere(request as ModelMeasureRequest));
