import { randomUUID } from 'node:crypto';

/**
 * `req_` and 32 hexadecimal digits: 12 of the time in milliseconds, the others random but for the six bits that say version
 * and variant in a UUID. Ids of one time stand beside each other in the ledger's index, so that a batch of rows changes
 * few of its pages.
 */
export function createRequestId(now: number): string {
  if (now !== lastTime) {
    lastTime = now;
    lastText = now.toString(16).padStart(12, '0');
  }
  const random = randomUUID();
  return `req_${lastText}${random.slice(14, 18)}${random.slice(19, 23)}${random.slice(24)}`;
}

/** Requests come several in a millisecond. */
let lastTime = -1;
let lastText = '';
