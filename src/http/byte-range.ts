/** What of a file is sent. Both ends are included, counted from 0. */
export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly first: number; readonly last: number }
  | { readonly kind: 'unsatisfiable' };

/** The headers of a request for a file that decide what is sent. */
export interface RangeHeaders {
  get(name: string): string | null;
}

/**
 * What a request asks of a file of `bytes` bytes (RFC 9110, 14.2 and 13.1.5). A `Range` of another unit, of several ranges
 * or malformed is passed over, as the RFC allows; so is one whose `If-Range` is not this very file: the whole is sent.
 * @param etag of the file, strong, quotes included
 */
export function askedRange(headers: RangeHeaders, bytes: number, etag: string): ByteRange {
  const range = headers.get('range');
  if (range === null) return { kind: 'whole' };
  const condition = headers.get('if-range');
  if (condition !== null && condition.trim() !== etag) return { kind: 'whole' };
  const [, from, to] = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(range) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return { kind: 'whole' };
  if (from === '') {
    const count = Math.min(Number(to), bytes);
    return count === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', first: bytes - count, last: bytes - 1 };
  }
  const first = Number(from);
  if (to !== '' && Number(to) < first) return { kind: 'whole' };
  if (first >= bytes) return { kind: 'unsatisfiable' };
  return { kind: 'part', first, last: to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1) };
}

/** Whether the client has this file already, by `If-None-Match` (RFC 9110, 13.1.2: compared weakly). */
export function isKnown(headers: RangeHeaders, etag: string): boolean {
  const known = headers.get('if-none-match');
  if (known === null) return false;
  if (known.trim() === '*') return true;
  return known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag.replace(/^W\//, ''));
}
