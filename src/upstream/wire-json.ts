import { NearfarError } from '../chat/error.ts';

/** Readers for JSON of which nothing may be assumed: another program wrote it. */
export type WireObject = Readonly<Record<string, unknown>>;

/** @throws NearfarError `upstream_failed` where it is no JSON object; what it is stays unsaid, it may hold an answer */
export function parseObject(text: string): WireObject {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    throw broken('sent an event that is no JSON');
  }
  if (!isObject(value)) throw broken('sent an event that is no object');
  return value;
}

export function isObject(value: unknown): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): WireObject {
  return isObject(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** @param what follows "The upstream" */
export function broken(what: string): NearfarError {
  return new NearfarError('upstream_failed', `The upstream ${what}.`);
}
