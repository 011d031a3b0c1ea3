import { NearfarError } from '../../chat/error.ts';

/** The browser gives this site too little. */
export function noRoom(
  name: string,
  neededBytes: number | null,
  freeBytes: number | null,
  cause?: unknown,
): NearfarError {
  const needs = neededBytes === null ? 'more than there is' : `${megabytes(neededBytes)} more`;
  const gives = freeBytes === null ? 'has no more room' : `gives ${megabytes(Math.max(0, freeBytes))}`;
  return new NearfarError(
    'too_large',
    `${name} needs ${needs}, and the browser ${gives} for this site. Free room on the device, or remove another model.`,
    cause === undefined ? {} : { cause },
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function abortedError(cause: unknown): NearfarError {
  return new NearfarError('aborted', 'It was aborted.', { cause });
}

/** The last part of an address, without what may be a signature. */
export function nameOf(url: string): string {
  return url.split(/[?#]/)[0]?.split('/').at(-1) ?? url;
}
