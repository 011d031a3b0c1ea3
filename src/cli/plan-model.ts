import { existsSync } from 'node:fs';
import type { LoadedSettings } from '../config/load.ts';
import type { LayerGroup } from '../plan/calculate/attention.ts';
import type { ModelShape } from '../plan/calculate/model-shape.ts';

/** A model that something is computed of: its file where there is one, else its published shape. */
export interface PlannedModel {
  readonly name: string;
  readonly parameterCount: number;
  readonly activeParameterCount: number;
  readonly layers: readonly LayerGroup[];
  /** Layers x query heads x head length. */
  readonly attentionWidth: number;
  readonly contextTokenCount: number;
  /** `null`: no file was read. */
  readonly file: { readonly format: string; readonly byteCount: number; readonly path: string } | null;
  /** Where the shape is from. */
  readonly source: string;
}

/**
 * @throws RangeError where it is neither a model here, nor a file, nor a known name or size
 * @throws NearfarError where a file is cut off or made up
 */
export async function planModel(name: string, loaded: LoadedSettings): Promise<PlannedModel> {
  const hub = await import('./plan-hub-folder.ts');
  const folder = hub.hubFolderOf(name);
  if (folder !== null)
    return { ...fromShape(hub.shapeOfFolder(folder, name)), ...(await hub.weightsOfFolder(folder)) };
  const path =
    name.toLowerCase().endsWith('.gguf') && existsSync(name) ? name : await pathOfModel(name, loaded);
  if (path !== null) return fromFile(name, path);
  const { shapeByName } = await import('../plan/calculate/weight-bytes.ts');
  return fromShape(shapeByName(name));
}

async function pathOfModel(name: string, loaded: LoadedSettings): Promise<string | null> {
  const { openStore } = await import('./open-store.ts');
  const { resolveModelName } = await import('../route/resolve-model-name.ts');
  const models = await (await openStore(loaded, () => undefined)).list();
  const { aliases, near } = loaded.settings;
  try {
    const { modelId } = resolveModelName(name, { aliases, near, modelIds: models.map(({ id }) => id) });
    return models.find(({ id }) => id === modelId)?.path ?? null;
  } catch {
    return null;
  }
}

async function fromFile(name: string, path: string): Promise<PlannedModel> {
  const { stat } = await import('node:fs/promises');
  const { readGguf } = await import('../models/gguf.ts');
  const { ggufFacts } = await import('../models/gguf-facts.ts');
  const facts = ggufFacts(await readGguf(path));
  const { size } = await stat(path);
  const layerCount = facts.layerCount ?? 0;
  return {
    name,
    parameterCount: facts.parameterCount,
    activeParameterCount: facts.parameterCount,
    layers: [
      {
        layerCount,
        cache: {
          kind: 'heads',
          kvHeadCount: facts.kvHeadCount ?? 0,
          keyLength: facts.keyLength ?? 0,
          valueLength: facts.valueLength ?? 0,
          // The engine gives windowed layers the full length (docs/decisions/004).
          windowTokenCount: null,
        },
      },
    ],
    attentionWidth: layerCount * (facts.headCount ?? 0) * (facts.keyLength ?? 0),
    contextTokenCount: facts.contextTokenCount ?? 0,
    file: { format: facts.format ?? 'unknown', byteCount: size, path },
    source: `header of ${path}`,
  };
}

function fromShape(shape: ModelShape): PlannedModel {
  const layerCount = shape.layers.reduce((sum, group) => sum + group.layerCount, 0);
  return {
    name: shape.name,
    parameterCount: shape.parameterCount,
    activeParameterCount: shape.activeParameterCount,
    layers: shape.layers,
    attentionWidth: layerCount * shape.headCount * shape.headLength,
    contextTokenCount: shape.contextTokenCount,
    file: null,
    source: shape.source,
  };
}
