import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from './prompt-line.ts';

/** What an answer answers, in 24 hex digits: path, body with every option, and the id of the model that is to answer. */
export function requestDigest(path: string, body: JsonObject, modelId: string): string {
  const text = JSON.stringify([path, modelId, sorted({ ...body, model: null })]);
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

/** The same value whatever the order of its fields. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}
