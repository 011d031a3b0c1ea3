import { randomUUID } from 'node:crypto';

/**
 * `req_` and 32 hexadecimal digits: 12 of the time in milliseconds, the others random but for the six bits that say version
 * and variant in a UUID. Ids of one time stand beside each other in the ledger's index, so that a batch of rows changes
 * few of its pages.
 */
export function createRequestId(now: number): string {
  const time = now.toString(16).padStart(12, '0');
  return `req_${time}${randomUUID().slice(13).replaceAll('-', '')}`;
}
