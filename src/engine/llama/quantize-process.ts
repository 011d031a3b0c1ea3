// Entry of the process that rewrites one model file. Started by quantize-job.ts.
import { readImportances } from '../../models/formats/imatrix-file.ts';
import { openLibrary } from './library.ts';
import { serveJob } from './native-job.ts';
import { quantizeHere } from './quantize.ts';
import type { QuantizeLog, QuantizeRequest } from './quantize.ts';

serveJob(async (message, report) => {
  const { partial, ...request } = message as QuantizeRequest & { readonly partial: string | null };
  const importances = request.imatrix === undefined ? null : await readImportances(request.imatrix);
  const log: QuantizeLog = { listener: () => undefined };
  // The CPU does this work wherever the model will run.
  const library = openLibrary({
    backend: 'cpu',
    onLog: (level, text) => {
      log.listener(text, level === 'error');
      if (level === 'error') console.error(text);
    },
  });
  return quantizeHere(library, log, request, partial, importances, report);
});
