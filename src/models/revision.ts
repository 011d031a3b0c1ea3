import { stat } from 'node:fs/promises';

/**
 * Tells two contents of a model's files apart: size and time of each, without reading them. Changes when a file is
 * replaced under the same name; a missing file counts as such.
 */
export async function modelRevision(files: readonly string[]): Promise<string> {
  const facts = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  return facts.map((one) => (one === null ? 'none' : `${one.size}-${one.mtimeMs}`)).join(',');
}
