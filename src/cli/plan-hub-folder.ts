import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { NearfarError } from '../chat/error.ts';
import { shapeOfHubConfig } from '../plan/calculate/hub-config.ts';
import type { ModelShape } from '../plan/calculate/model-shape.ts';
import type { PlannedModel } from './plan-model.ts';

/** No model's configuration is larger. */
const mostConfigBytes = 4 * 1024 * 1024;

/** The folder of a model as the hub has it, named by itself, its config.json or one of its safetensors files; `null`: none of these. */
export function hubFolderOf(name: string): string | null {
  const stats = name === '' ? undefined : statSync(name, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (stats.isDirectory()) return existsSync(path.join(name, 'config.json')) ? name : null;
  return path.basename(name) === 'config.json' || name.toLowerCase().endsWith('.safetensors')
    ? path.dirname(name)
    : null;
}

/** @throws NearfarError naming file and field */
export function shapeOfFolder(folder: string, name: string): ModelShape {
  const file = path.join(folder, 'config.json');
  const refuse = (why: string, cause?: unknown): NearfarError =>
    new NearfarError('invalid_request', `${file}: ${why}`, {
      field: 'model',
      ...(cause === undefined ? {} : { cause }),
    });
  if (!existsSync(file)) throw refuse('there is no such file, and the cache cannot be told without it.');
  if (statSync(file).size > mostConfigBytes) throw refuse(`it is larger than ${mostConfigBytes} bytes.`);
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    throw refuse('it is no JSON.', thrown);
  }
  try {
    return shapeOfHubConfig(config, path.basename(path.resolve(name)));
  } catch (thrown) {
    if (thrown instanceof RangeError) throw refuse(thrown.message, thrown);
    throw thrown;
  }
}

/** Weights as the folder's safetensors files hold them; nothing where there are none, and then the shape counts. */
export async function weightsOfFolder(
  folder: string,
): Promise<Partial<Pick<PlannedModel, 'file' | 'parameterCount'>>> {
  const names = readdirSync(folder)
    .filter((name) => name.toLowerCase().endsWith('.safetensors'))
    .sort();
  if (names.length === 0) return {};
  const { inspectFile } = await import('../models/inspect/inspect-file.ts');
  let parameterCount = 0;
  let byteCount = 0;
  const bytesByType = new Map<string, number>();
  for (const name of names) {
    const file = path.join(folder, name);
    const inspection = await inspectFile(file);
    parameterCount += inspection.parameterCount;
    byteCount += statSync(file).size;
    for (const { type, bytes } of inspection.types)
      bytesByType.set(type, (bytesByType.get(type) ?? 0) + (bytes ?? 0));
  }
  const [heaviest] = [...bytesByType].sort((one, other) => other[1] - one[1]);
  return {
    parameterCount,
    file: { format: heaviest?.[0] ?? 'unknown', byteCount, path: path.join(folder, names[0] ?? '') },
  };
}
