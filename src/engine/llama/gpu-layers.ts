import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { LlamaLibrary } from './library.ts';

export interface GpuFit {
  /** Free device memory over all GPUs, bytes. */
  readonly freeBytes: number;
  /** Bytes of the weights as stored. */
  readonly weightBytes: number;
  /** Repeating layers of the model. */
  readonly layerCount: number;
  /** Bytes of KV cache a layer needs for the cells that the context will have. */
  readonly kvBytesPerLayer: number;
  /** Bytes set aside per device for compute buffers, logits and other programs. */
  readonly reserveBytes: number;
}

/**
 * How many layers fit: (free - reserve) / (weights / (layers + 1) + KV of a layer), where the one extra is the output
 * layer with the embeddings, counted as large as the others. Between 0 and layers + 1. An estimate, on the safe side
 * through `reserveBytes`.
 */
export function fitGpuLayers(fit: GpuFit): number {
  const perLayer = fit.weightBytes / (fit.layerCount + 1) + fit.kvBytesPerLayer;
  const count = Math.floor((fit.freeBytes - fit.reserveBytes) / perLayer);
  return Math.max(0, Math.min(fit.layerCount + 1, count));
}

const reserveBytesPerDevice = 768 * 1024 ** 2;
const defaultCellCount = 8192;

/** The layers to keep on the GPU; 0 on a CPU-only library. Reads the file's metadata where it has to choose. */
export async function chooseGpuLayers(
  library: LlamaLibrary,
  path: string,
  asked: number | 'auto',
  cellCount = defaultCellCount,
): Promise<number> {
  if (library.backend === 'cpu') return 0;
  if (asked !== 'auto') return asked;
  const gpus = library.devices.filter((device) => device.isGpu);
  const shape = await readShape(library, path);
  if (shape === null) return 0;
  return fitGpuLayers({
    freeBytes: gpus.reduce((sum, device) => sum + device.freeBytes, 0),
    weightBytes: fileBytes(path),
    layerCount: shape.layerCount,
    kvBytesPerLayer: shape.kvBytesPerCellAndLayer * cellCount,
    reserveBytes: reserveBytesPerDevice * gpus.length,
  });
}

// Loads metadata and hyperparameters without the weights; null where libllama cannot read the file at all.
async function readShape(
  library: LlamaLibrary,
  path: string,
): Promise<{ layerCount: number; kvBytesPerCellAndLayer: number } | null> {
  const { bindings } = library;
  const model = await bindings.loadModel(path, {
    ...library.modelDefaults(),
    n_gpu_layers: 0,
    no_alloc: true,
  });
  if (model === null) return null;
  const heads = Math.max(1, bindings.modelHeadCount(model));
  const headLength = bindings.modelEmbeddingLength(model) / heads;
  const shape = {
    layerCount: bindings.modelLayerCount(model),
    kvBytesPerCellAndLayer: 2 * 2 * bindings.modelKvHeadCount(model) * headLength,
  };
  bindings.freeModel(model);
  return shape;
}

/** Bytes of a GGUF, over all its parts where it is split (`name-00001-of-00003.gguf`). */
function fileBytes(path: string): number {
  const split = /^(.*)-\d{5}-of-(\d{5})\.gguf$/.exec(basename(path));
  if (split === null) return statSync(path).size;
  const [, prefix = '', count = ''] = split;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${prefix}-`) && name.endsWith(`-of-${count}.gguf`))
    .reduce((sum, name) => sum + statSync(join(dirname(path), name)).size, 0);
}
