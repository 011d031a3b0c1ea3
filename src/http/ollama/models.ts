import type { ModelFacts } from '../../chat/model.ts';
import type { RunningModel } from '../../engine/local-models.ts';
import type { InstalledModel } from '../../models/store.ts';

/** An entry of /api/tags. */
export function ollamaTag({ facts, adapterOf }: InstalledModel): object {
  return {
    name: facts.id,
    model: facts.id,
    modified_at: facts.createdAt.toISOString(),
    size: facts.sizeBytes ?? 0,
    digest: facts.sha256 ?? '',
    details: ollamaDetails(facts, adapterOf?.model),
  };
}

/** Ollama's clients need a date; a model that is never unloaded expires on the last day that Go can tell. */
const never = '2262-04-11T23:47:16Z';

/** An entry of /api/ps. */
export function ollamaRunning(model: RunningModel, facts: ModelFacts | null): object {
  const size = model.loaded?.sizeBytes ?? facts?.sizeBytes ?? 0;
  const isOnDevice = (model.loaded?.gpuLayerCount ?? 0) > 0;
  return {
    name: model.id,
    model: model.id,
    size,
    // How much of it lies on the device is not measured: all layers or none.
    size_vram: isOnDevice ? size : 0,
    digest: facts?.sha256 ?? '',
    ...(facts === null ? {} : { details: ollamaDetails(facts) }),
    expires_at: model.expiresAt?.toISOString() ?? never,
    context_length: model.loaded?.contextTokenCount ?? facts?.contextTokenCount ?? 0,
  };
}

/** The answer of /api/show. `readsOnly`: by what its file says, it embeds or ranks and cannot write. */
export function ollamaShow(model: InstalledModel, readsOnly: boolean): object {
  const { facts, reference, owner, adapterOf } = model;
  const origin =
    adapterOf === undefined ? `FROM ${facts.id}` : `FROM ${adapterOf.model}\nADAPTER ${model.path}`;
  const family = facts.family ?? 'unknown';
  return {
    license: facts.license ?? 'unknown',
    modelfile: `# From ${reference}, kept by ${owner}; grade: ${facts.grade}.\n${origin}\n`,
    parameters: '',
    template: '',
    system: '',
    details: ollamaDetails(facts, adapterOf?.model),
    model_info: {
      'general.architecture': family,
      'general.parameter_count': facts.parameterCount,
      [`${family}.context_length`]: facts.contextTokenCount,
      'nearfar.grade': facts.grade,
      'nearfar.sha256': facts.sha256,
      'nearfar.verified': facts.verified,
      ...(adapterOf === undefined ? {} : { 'nearfar.adapter_scale': adapterOf.scale }),
    },
    // Every chat model is told of tools, if not by its template.
    capabilities: readsOnly ? ['embedding'] : ['completion', 'tools'],
    modified_at: facts.createdAt.toISOString(),
  };
}

function ollamaDetails(facts: ModelFacts, parent = ''): object {
  return {
    parent_model: parent,
    format: 'gguf',
    family: facts.family ?? 'unknown',
    families: [facts.family ?? 'unknown'],
    parameter_size: facts.parameterCount === null ? 'unknown' : parameterSize(facts.parameterCount),
    quantization_level: facts.format ?? 'unknown',
  };
}

/** 134515008 -> `134.5M` */
export function parameterSize(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)}B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)}M`;
  return `${Math.round(count / 1e3)}K`;
}
