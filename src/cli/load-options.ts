import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { NearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { AdapterRoom } from '../engine/adapter-store.ts';
import type { FoundModel } from '../engine/model-pool.ts';
import type { DraftLoadOptions, LoadOptions } from '../engine/protocol.ts';
import { curvePathOf, draftCurvePathOf } from '../models/curve-path.ts';
import { kvFolderOf } from '../models/model-traces.ts';
import { kernelsFor } from './found-kernels.ts';

const noAdapters: AdapterRoom = { byteCount: 0, count: 1 };

/**
 * How the engine's child loads a model under these settings.
 * @param findDraft finds a model by its id or by the reference that it came by
 * @throws NearfarError `model_not_found` where its draft model is not here
 */
export async function loadOptionsFor(
  model: FoundModel,
  loaded: LoadedSettings,
  findDraft: (reference: string) => Promise<FoundModel | null>,
  adapterRoom: AdapterRoom = noAdapters,
): Promise<LoadOptions> {
  const { settings, home } = loaded;
  const { engine } = settings;
  const { id } = model.facts;
  const curvePath = curvePathOf(home, id);
  mkdirSync(path.dirname(curvePath), { recursive: true });
  const reference = draftReference(id, settings);
  const draft =
    reference === null ? null : draftOptions(reference, id, await findDraft(reference), settings, home);
  return {
    modelPath: model.path,
    modelId: id,
    grade: model.facts.grade,
    contextTokenCount: engine.contextTokenCount,
    parallelCount: engine.parallelCount,
    queueLimit: engine.queueLimit,
    targetInterTokenMs: engine.targetInterTokenMs,
    speculation: engine.speculation ?? (draft === null ? 'off' : 'auto'),
    draft,
    classes: engine.classes,
    threadCount: engine.threadCount,
    gpuLayerCount: engine.gpuLayerCount,
    backend: engine.backend,
    builtKernels: kernelsFor(loaded, model.facts.format),
    kvType: engine.kvTypes[id] ?? engine.kvType,
    hostCacheBytes: engine.hostCacheBytes,
    diskCache: { root: kvFolderOf(home), budgetBytes: engine.diskCacheBytes },
    embeddingContextTokenCount: engine.embeddingContextTokenCount,
    adapterRoom,
    sinks: { windowTokenCount: engine.sinksWindowTokenCount, parallelCount: engine.sinksParallelCount },
    curvePath,
  };
}

/** What drafts for a model under these settings. */
export function draftReference(id: string, { near, engine }: LoadedSettings['settings']): string | null {
  return engine.drafts[id] ?? (id === near ? engine.draft : null);
}

function draftOptions(
  reference: string,
  id: string,
  draft: FoundModel | null,
  { engine }: LoadedSettings['settings'],
  home: string,
): DraftLoadOptions {
  if (draft === null) {
    throw new NearfarError(
      'model_not_found',
      `${reference}, which is to draft for ${id}, is not here. \`nearfar pull ${reference}\` fetches it.`,
      { field: 'engine.draft' },
    );
  }
  const { facts, path: modelPath } = draft;
  return {
    modelPath,
    modelId: facts.id,
    sizeBytes: facts.sizeBytes ?? 0,
    kvType: engine.kvTypes[facts.id] ?? engine.kvType,
    // Other steps than those of the same model by itself.
    curvePath: draftCurvePathOf(home, facts.id),
  };
}
