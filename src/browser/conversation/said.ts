import type { LoadProgress } from '../backend.ts';
import type { BackendStatus, PageDecision } from '../near.ts';

/** Pure: where an answer came from, and why, as a sentence that a person may read. */
export function routeSentence(
  { backend, label, detectors, reasons }: PageDecision,
  boundary: string,
): string {
  const where =
    boundary === 'machine'
      ? `Answered on this device (${backend})`
      : boundary === 'inside'
        ? `Answered inside your own network (${backend})`
        : `Answered by the server (${backend})`;
  const kept =
    label === 'open'
      ? ''
      : detectors.length === 0
        ? ', and kept private'
        : `, and kept private: ${detectors.join(', ')} found`;
  const why = reasons.length === 0 ? '' : ` ${reasons.map(asSentence).join(' ')}`;
  return `${where}${kept}.${why}`;
}

function asSentence(reason: string): string {
  // Codes such as `local_only` stay as they are written elsewhere.
  const text = /^\w*_/.test(reason) ? reason : reason.charAt(0).toUpperCase() + reason.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Pure: what a download would cost, before somebody agrees to it. */
export function downloadSentence({ availability, fits }: BackendStatus): string {
  if (availability.state === 'unavailable') return availability.reason;
  const { model, downloadBytes } = availability;
  const size = downloadBytes === null ? 'its size is not told' : byteText(downloadBytes);
  const room = fits === false ? ' This browser has no room for it.' : '';
  return `The model ${model} must be downloaded once: ${size}. It then works without a network.${room}`;
}

/** Pure: e.g. `Downloading: 40 of 90 MB (44%)`. */
export function progressSentence({ phase, loadedBytes, totalBytes, fraction }: LoadProgress): string {
  const word = { download: 'Downloading', verify: 'Verifying', load: 'Loading' }[phase];
  const percent = `${String(Math.floor(fraction * 100))}%`;
  if (loadedBytes === null || totalBytes === null || totalBytes === 0) return `${word}: ${percent}`;
  return `${word}: ${byteText(loadedBytes)} of ${byteText(totalBytes)} (${percent})`;
}

/** Pure: decimal, as storage is sold and browsers count it. */
export function byteText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
  return `${String(Math.ceil(bytes / 1e3))} kB`;
}
