import { randomUUID } from 'node:crypto';

/** Unique everywhere; letters, digits and an underscore, which all dialects take. */
export function newCallId(): string {
  return `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}
