import { NearfarError } from '../chat/error.ts';
import type { BackendPool } from './backend-pool.ts';
import type { NearStatus, PrepareOptions } from './near.ts';
import { megabytes } from './megabytes.ts';

/**
 * Fetches and loads a backend of the page: the one that was named, else the first that can be used here.
 * @throws NearfarError `unavailable` with every reason, or `too_large` where the browser has no room for it
 */
export async function prepareBackend(
  pool: BackendPool,
  { backends }: NearStatus,
  { backend, onProgress, signal = new AbortController().signal }: PrepareOptions,
): Promise<void> {
  const usable = backends.filter(({ boundary }) => boundary === 'machine');
  const chosen =
    backend === undefined
      ? usable.find(({ availability }) => availability.state !== 'unavailable')
      : backends.find(({ name }) => name === backend);
  if (chosen === undefined || chosen.availability.state === 'unavailable') {
    const why = (chosen === undefined ? usable : [chosen]).flatMap(({ name, availability }) =>
      availability.state === 'unavailable' ? [`${name}: ${availability.reason}`] : [],
    );
    throw new NearfarError(
      chosen === undefined && backend !== undefined ? 'model_not_found' : 'unavailable',
      chosen === undefined && backend !== undefined
        ? `There is no backend ${backend}.`
        : `No model can be prepared in this page (${why.join(' ') || 'there is none'}).`,
      { retryable: false },
    );
  }
  if (chosen.fits === false) {
    throw new NearfarError(
      'too_large',
      `The model of ${chosen.name} takes ${megabytes(chosen.availability.downloadBytes ?? 0)}, more than the browser has left for this site.`,
    );
  }
  await pool.load(chosen.name, signal, onProgress);
}
