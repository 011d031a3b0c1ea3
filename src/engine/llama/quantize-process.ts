// Entry of the process that rewrites one model file. Started by quantize-job.ts.
import { openLibrary } from './library.ts';
import { serveJob } from './native-job.ts';
import { quantizeHere } from './quantize.ts';
import type { QuantizeRequest } from './quantize.ts';

serveJob(async (request) => {
  // The CPU does this work wherever the model will run.
  const library = openLibrary({
    backend: 'cpu',
    onLog: (level, text) => {
      if (level === 'error') console.error(text);
    },
  });
  quantizeHere(library, request as QuantizeRequest);
  return Promise.resolve(null);
});
