import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readLlamaMetrics,
  readLlamaSlots,
  readNearfar,
  readOllama,
  readSglang,
  readTensorrt,
  readTgi,
  readVllm,
} from './load-report.ts';

const recorded = (name: string): string =>
  readFileSync(new URL(`../../test/fixtures/upstreams/${name}`, import.meta.url), 'utf8');

/** Lines as the engines' documentation shows them, with their labels. */
const vllmPage = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="smol {odd, \\"quoted\\"}"} 16.0
vllm:num_requests_running{engine="1",model_name="smol"} 2.0
vllm:num_requests_waiting{engine="0",model_name="smol"} 8.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="smol",reason="capacity"} 8.0
vllm:kv_cache_usage_perc{engine="0",model_name="smol"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="smol"} 0.5
vllm:prefix_cache_queries_total{engine="0",model_name="smol"} 678.0
vllm:prefix_cache_hits_total{engine="0",model_name="smol"} 672.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="smol"} 12.0
`;

const untold = {
  runningCount: null,
  waitingCount: null,
  kvUsage: null,
  prefixQueryTokenCount: null,
  prefixHitTokenCount: null,
  loadedModels: null,
};

describe('what engines tell of their load', () => {
  it('is read of vLLM, all its engines together', () => {
    expect(readVllm(vllmPage)).toEqual({
      runningCount: 18,
      waitingCount: 8,
      kvUsage: 0.5,
      prefixQueryTokenCount: 678,
      prefixHitTokenCount: 672,
      loadedModels: null,
    });
    expect(readVllm('vllm:num_requests_running 1\nvllm:gpu_cache_usage_perc 0.1\n')).toMatchObject({
      runningCount: 1,
      waitingCount: null,
      kvUsage: 0.1,
    });
  });

  it('is read of a real vLLM', () => {
    expect(readVllm(recorded('recorded-vllm-metrics.txt'))).toEqual({
      runningCount: 1,
      waitingCount: 0,
      kvUsage: 0.005498281786941561,
      prefixQueryTokenCount: 662,
      prefixHitTokenCount: 384,
      loadedModels: null,
    });
  });

  it('is read of llama-server, by its metrics and by its slots', () => {
    expect(readLlamaMetrics(recorded('recorded-llama-server-metrics.txt'))).toEqual({
      ...untold,
      runningCount: 0,
      waitingCount: 0,
      prefixQueryTokenCount: 31,
      prefixHitTokenCount: 0,
    });
    const slots = recorded('recorded-llama-server-slots.json');
    expect(readLlamaSlots(slots)).toEqual({ ...untold, runningCount: 0 });
    expect(readLlamaSlots(slots.replace('"is_processing":false', '"is_processing":true'))?.runningCount).toBe(
      1,
    );
  });

  it('is read of SGLang, TGI, TensorRT-LLM, Ollama and another nearfar', () => {
    expect(
      readSglang(
        'sglang:num_running_reqs{model_name="m"} 3.0\nsglang:num_queue_reqs{model_name="m"} 2.0\n' +
          'sglang:token_usage{model_name="m"} 0.28\nsglang:prompt_tokens_total{model_name="m"} 8.1e+06\n',
      ),
    ).toEqual({
      ...untold,
      runningCount: 3,
      waitingCount: 2,
      kvUsage: 0.28,
      prefixQueryTokenCount: 8_100_000,
    });
    expect(readTgi('tgi_batch_current_size 4\ntgi_queue_size 7\n')).toEqual({
      ...untold,
      runningCount: 4,
      waitingCount: 7,
    });
    const step = {
      iter: 154,
      numActiveRequests: 1,
      numQueuedRequests: 3,
      kvCacheStats: {
        maxNumBlocks: 100,
        usedNumBlocks: 25,
        missedBlocks: 30,
        reusedBlocks: 10,
        tokensPerBlock: 32,
      },
    };
    expect(readTensorrt(JSON.stringify([{ numActiveRequests: 99 }, step]))).toEqual({
      runningCount: 1,
      waitingCount: 3,
      kvUsage: 0.25,
      prefixQueryTokenCount: 1280,
      prefixHitTokenCount: 320,
      loadedModels: null,
    });
    expect(readTensorrt('[]')).toEqual({ ...untold, runningCount: 0, waitingCount: 0 });
    expect(
      readOllama('{"models":[{"name":"llama3.2:latest","size_vram":1,"expires_at":"2026-01-01T00:00:00Z"}]}'),
    ).toEqual({ ...untold, loadedModels: ['llama3.2:latest'] });
    expect(
      readNearfar(
        'nearfar_build_info{version="1"} 1\nnearfar_running_requests{model="a"} 1\nnearfar_running_requests{model="b"} 2\n' +
          'nearfar_queue_requests{model="a"} 4\nnearfar_kv_cells{model="a"} 100\nnearfar_kv_cells_used{model="a"} 40\n' +
          'nearfar_prompt_tokens_total{model="a"} 10\nnearfar_cached_tokens_total{model="a"} 4\n',
      ),
    ).toEqual({
      runningCount: 3,
      waitingCount: 4,
      kvUsage: 0.4,
      prefixQueryTokenCount: 10,
      prefixHitTokenCount: 4,
      loadedModels: null,
    });
    expect(readNearfar('nearfar_build_info{version="1"} 1\n')).toEqual({
      ...untold,
      runningCount: 0,
      waitingCount: 0,
    });
  });

  it('is nothing where another page stands there, and no page breaks a reader', () => {
    const readers = [
      readVllm,
      readSglang,
      readTgi,
      readLlamaMetrics,
      readLlamaSlots,
      readNearfar,
      readTensorrt,
      readOllama,
    ];
    for (const read of readers) {
      for (const page of ['', '<html>', '{"error":{"code":501}}', 'null', 'vllm:num_requests_running NaN']) {
        expect(read(page)).toBeNull();
      }
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.json(), fc.constant(vllmPage.slice(40, 200))), (page) => {
          const report = read(page);
          if (report !== null) expect(report.runningCount ?? 0).toBeGreaterThanOrEqual(0);
        }),
        { numRuns: 50 },
      );
    }
  });
});
