import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { WeightsRequest } from './measure-weights.ts';

/** Raised when figures would come out differently, so that records of before are not mixed with those of now. */
const methodVersion = 1;

/** What decides the figures; the same key means that they can be put beside each other. */
export async function weightsKey(request: WeightsRequest): Promise<string> {
  const files: unknown[] = [];
  for (const file of request.source.files) {
    const { size, mtimeMs } = await stat(file);
    files.push([file, size, mtimeMs]);
  }
  const { backend, threadCount, text, windowTokenCount, windowCount, cpu, imatrix } = request;
  const matrix = imatrix === null ? null : [imatrix, (await stat(imatrix)).mtimeMs];
  const { kernelsFor = () => null } = request;
  const built: unknown[] = [];
  const formats = ['F16', ...request.formats];
  // The source is measured as it is, too.
  const { format: own } = request.source;
  if (own !== null && !formats.includes(own)) formats.push(own);
  for (const format of formats) {
    const file = kernelsFor(format);
    if (file !== null) built.push([format, (await stat(file)).mtimeMs]);
  }
  const parts = [
    methodVersion,
    files,
    backend,
    threadCount,
    text,
    windowTokenCount,
    windowCount,
    cpu,
    matrix,
    // Nothing where the shipped ones compute, so that what is on record of them stays.
    ...(built.length === 0 ? [] : [built]),
    ...(request.measuresSpeed === false ? ['no speed'] : []),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
