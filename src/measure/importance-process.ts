// Entry of the process that collects an importance matrix. Started by importance-job.ts.
import { serveJob } from '../engine/llama/native-job.ts';
import { collectImportanceHere, type ImportanceRequest } from './importance.ts';

serveJob((request, report) => collectImportanceHere(request as ImportanceRequest, report));
