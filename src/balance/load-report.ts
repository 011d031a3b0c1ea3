import { readPrometheus, type PrometheusPage } from './prometheus-text.ts';

/** What an engine says of its own load. Null: it does not tell. */
export interface LoadReport {
  /** Requests in its batch. */
  readonly runningCount: number | null;
  /** Requests that wait for their turn. */
  readonly waitingCount: number | null;
  /** Share of the KV cache in use, 0-1. */
  readonly kvUsage: number | null;
  /** Prompt tokens looked up in its prefix cache, and those found there, since it started. */
  readonly prefixQueryTokenCount: number | null;
  readonly prefixHitTokenCount: number | null;
  /** Models in its memory, for engines that load them when asked. */
  readonly loadedModels: readonly string[] | null;
}

/** Reads the page of one engine. Null: this is no such page. Pure. */
export type ReadLoad = (text: string) => LoadReport | null;

const untold: LoadReport = {
  runningCount: null,
  waitingCount: null,
  kvUsage: null,
  prefixQueryTokenCount: null,
  prefixHitTokenCount: null,
  loadedModels: null,
};

/** vLLM's /metrics; one series for each of its engines. Older ones call the KV cache the GPU's. */
export const readVllm: ReadLoad = (text) => {
  const page = readPrometheus(text, 'vllm:');
  return counted(page, 'vllm:num_requests_running', 'vllm:num_requests_waiting', {
    kvUsage: ratio(page.max('vllm:kv_cache_usage_perc') ?? page.max('vllm:gpu_cache_usage_perc')),
    prefixQueryTokenCount:
      page.sum('vllm:prefix_cache_queries_total') ?? page.sum('vllm:gpu_prefix_cache_queries_total'),
    prefixHitTokenCount:
      page.sum('vllm:prefix_cache_hits_total') ?? page.sum('vllm:gpu_prefix_cache_hits_total'),
  });
};

/** SGLang's /metrics, there with `--enable-metrics`. */
export const readSglang: ReadLoad = (text) => {
  const page = readPrometheus(text, 'sglang:');
  return counted(page, 'sglang:num_running_reqs', 'sglang:num_queue_reqs', {
    kvUsage: ratio(page.max('sglang:token_usage')),
    prefixQueryTokenCount: page.sum('sglang:prompt_tokens_total'),
    prefixHitTokenCount: page.sum('sglang:cached_tokens_total'),
  });
};

/** TGI's /metrics. */
export const readTgi: ReadLoad = (text) =>
  counted(readPrometheus(text, 'tgi_'), 'tgi_batch_current_size', 'tgi_queue_size');

/** llama-server's /metrics, there with `--metrics`. */
export const readLlamaMetrics: ReadLoad = (text) => {
  const page = readPrometheus(text, 'llamacpp:');
  const hits = page.sum('llamacpp:prompt_tokens_cached_total');
  const misses = page.sum('llamacpp:prompt_tokens_total');
  return counted(page, 'llamacpp:requests_processing', 'llamacpp:requests_deferred', {
    kvUsage: ratio(page.max('llamacpp:kv_cache_usage_ratio')),
    prefixQueryTokenCount: hits === null || misses === null ? null : hits + misses,
    prefixHitTokenCount: hits,
  });
};

/** llama-server's /slots, there unless it was turned off: who waits for a slot does not show. */
export const readLlamaSlots: ReadLoad = (text) => {
  const slots = readJson(text);
  if (!Array.isArray(slots)) return null;
  const busy = slots.map((slot: unknown) => fieldOf(slot, 'is_processing'));
  if (!busy.every((value) => typeof value === 'boolean')) return null;
  return { ...untold, runningCount: busy.filter(Boolean).length };
};

/** Another nearfar's /metrics; one series for each of its models. */
export const readNearfar: ReadLoad = (text) => {
  const page = readPrometheus(text, 'nearfar_');
  const used = page.sum('nearfar_kv_cells_used');
  const cells = page.sum('nearfar_kv_cells');
  const report = counted(page, 'nearfar_running_requests', 'nearfar_queue_requests', {
    kvUsage: used === null || cells === null || cells === 0 ? null : ratio(used / cells),
    prefixQueryTokenCount: page.sum('nearfar_prompt_tokens_total'),
    prefixHitTokenCount: page.sum('nearfar_cached_tokens_total'),
  });
  // One that holds no model yet has no series of its engine, and nothing to do.
  if (report !== null || page.max('nearfar_build_info') === null) return report;
  return { ...untold, runningCount: 0, waitingCount: 0 };
};

/**
 * trtllm-serve's /metrics: a list of what each step since the last look was, the newest last. Without a step since then
 * there was nothing to do.
 */
export const readTensorrt: ReadLoad = (text) => {
  const steps = readJson(text);
  if (!Array.isArray(steps)) return null;
  if (steps.length === 0) return { ...untold, runningCount: 0, waitingCount: 0 };
  const step: unknown = steps.at(-1);
  const runningCount = count(fieldOf(step, 'numActiveRequests'));
  if (runningCount === null) return null;
  const cache = fieldOf(step, 'kvCacheStats');
  const used = count(fieldOf(cache, 'usedNumBlocks'));
  const most = count(fieldOf(cache, 'maxNumBlocks'));
  const blockTokens = count(fieldOf(cache, 'tokensPerBlock'));
  const reused = count(fieldOf(cache, 'reusedBlocks'));
  const missed = count(fieldOf(cache, 'missedBlocks'));
  const isTold = blockTokens !== null && reused !== null && missed !== null;
  return {
    ...untold,
    runningCount,
    waitingCount: count(fieldOf(step, 'numQueuedRequests')),
    kvUsage: used === null || most === null || most === 0 ? null : ratio(used / most),
    prefixQueryTokenCount: isTold ? (reused + missed) * blockTokens : null,
    prefixHitTokenCount: isTold ? reused * blockTokens : null,
  };
};

/** Ollama's /api/ps: which models are in memory; it tells no load. */
export const readOllama: ReadLoad = (text) => {
  const models = fieldOf(readJson(text), 'models');
  if (!Array.isArray(models)) return null;
  const loadedModels = models.flatMap((model: unknown) => {
    const name = fieldOf(model, 'name');
    return typeof name === 'string' ? [name] : [];
  });
  return { ...untold, loadedModels };
};

function counted(
  page: PrometheusPage,
  running: string,
  waiting: string,
  further: Partial<LoadReport> = {},
): LoadReport | null {
  const runningCount = count(page.sum(running));
  const waitingCount = count(page.sum(waiting));
  if (runningCount === null && waitingCount === null) return null;
  return { ...untold, ...further, runningCount, waitingCount };
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function ratio(value: number | null): number | null {
  return value === null ? null : Math.min(1, Math.max(0, value));
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
