import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import type { FoundModel } from '../engine/model-pool.ts';
import type { LoadOptions } from '../engine/protocol.ts';

/** How the engine's child loads a model under these settings. */
export function loadOptionsFor(model: FoundModel, { settings, home }: LoadedSettings): LoadOptions {
  const { engine } = settings;
  const curves = path.join(home, 'curves');
  mkdirSync(curves, { recursive: true });
  return {
    modelPath: model.path,
    modelId: model.facts.id,
    grade: model.facts.grade,
    contextTokenCount: engine.contextTokenCount,
    parallelCount: engine.parallelCount,
    queueLimit: engine.queueLimit,
    targetInterTokenMs: engine.targetInterTokenMs,
    speculation: engine.speculation,
    classes: engine.classes,
    threadCount: engine.threadCount,
    gpuLayerCount: engine.gpuLayerCount,
    backend: engine.backend,
    kvType: engine.kvTypes[model.facts.id] ?? engine.kvType,
    hostCacheBytes: engine.hostCacheBytes,
    diskCache: { root: path.join(home, 'kv'), budgetBytes: engine.diskCacheBytes },
    embeddingContextTokenCount: engine.embeddingContextTokenCount,
    curvePath: path.join(curves, `${fileNameOf(model.facts.id)}.json`),
  };
}

/** Ids hold colons, which Windows does not take in names. */
function fileNameOf(id: string): string {
  return id.replaceAll(/[^\w.-]/g, '@');
}
