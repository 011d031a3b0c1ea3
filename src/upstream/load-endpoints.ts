import {
  readLlamaMetrics,
  readLlamaSlots,
  readNearfar,
  readOllama,
  readSglang,
  readTensorrt,
  readTgi,
  readVllm,
  type ReadLoad,
} from '../balance/load-report.ts';
import type { PresetName } from './traits.ts';

/** Where an engine tells how it is. Paths stand behind its root, not behind `/v1`. */
export interface LoadEndpoints {
  /** 200: well; anything else: not now. */
  readonly health: string;
  /** Tried in this order, until one is there. */
  readonly loads: readonly { readonly path: string; readonly read: ReadLoad }[];
}

/** By the engines' own documentation; null: the server has no such thing, or nobody knows. */
export const loadEndpoints: Readonly<Record<PresetName, LoadEndpoints | null>> = {
  generic: null,
  openai: null,
  mistral: null,
  vllm: { health: '/health', loads: [{ path: '/metrics', read: readVllm }] },
  sglang: { health: '/health', loads: [{ path: '/metrics', read: readSglang }] },
  'tensorrt-llm': { health: '/health', loads: [{ path: '/metrics', read: readTensorrt }] },
  tgi: { health: '/health', loads: [{ path: '/metrics', read: readTgi }] },
  'llama.cpp': {
    health: '/health',
    loads: [
      { path: '/metrics', read: readLlamaMetrics },
      { path: '/slots', read: readLlamaSlots },
    ],
  },
  ollama: { health: '/api/version', loads: [{ path: '/api/ps', read: readOllama }] },
  nearfar: { health: '/health', loads: [{ path: '/metrics', read: readNearfar }] },
};
