// Entry of the process that times a model's steps. Started by step-times-job.ts.
import { serveJob } from '../engine/llama/native-job.ts';
import { measureStepTimesHere, type StepTimesRequest } from './step-times.ts';

serveJob((request, report) => measureStepTimesHere(request as StepTimesRequest, report));
