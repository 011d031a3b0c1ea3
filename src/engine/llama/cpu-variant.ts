import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Bindings } from './bindings.ts';
import { enums } from './structs.ts';

/** The variant with AMX, and the one that has all the same instructions but these. */
const variants = { withAmx: 'sapphirerapids', without: 'zen4' } as const;

/**
 * Takes another CPU backend where ggml chose the one with AMX kernels: on a Xeon these gave NaN for small models in Q8_0 and Q4_0
 * and keep a second copy of weights that nobody predicted (docs/decisions/085). Before any model is loaded.
 * @param chosen what ggml loaded, e.g. `sapphirerapids`
 * @returns the variant that is loaded now
 */
export function replaceAmxVariant(bindings: Bindings, folder: string, chosen: string | null): string | null {
  if (chosen !== variants.withAmx) return chosen;
  const extension = process.platform === 'win32' ? '.dll' : '.so';
  const prefix = process.platform === 'win32' ? '' : 'lib';
  const file = path.join(folder, `${prefix}ggml-cpu-${variants.without}${extension}`);
  if (!existsSync(file)) return chosen;
  const registry = cpuRegistry(bindings);
  if (registry === null) return chosen;
  bindings.unloadBackend(registry);
  if (bindings.loadBackend(file) !== null) return variants.without;
  // It runs with all that could be loaded, rather than with no CPU at all.
  bindings.loadBackends(folder);
  return chosen;
}

function cpuRegistry(bindings: Bindings) {
  for (let index = 0; index < bindings.deviceCount(); index++) {
    const device = bindings.device(index);
    if (bindings.deviceType(device) === enums.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_CPU)
      return bindings.deviceRegistry(device);
  }
  return null;
}
