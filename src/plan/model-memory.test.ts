import { describe, expect, it } from 'vitest';
import { chooseCellCount } from './cell-count.ts';
import { predictMemory, repackedBytes, type MemoryFacts, type MemoryOptions } from './model-memory.ts';

const MiB = 1024 ** 2;
const facts: MemoryFacts = {
  fileBytes: 100 * MiB,
  repackedBytes: 0,
  embeddingLength: 576,
  feedForwardLength: 1_536,
  vocabTokenCount: 49_152,
  trainedContextTokenCount: 8_192,
  kvBytesPerCell: 23_040,
  hasSlidingWindow: false,
  isReader: false,
  isWhole: false,
};
const options: MemoryOptions = {
  contextTokenCount: 4_096,
  kvShareOfF16: 1,
  outputCount: 16,
  hostCacheBytes: 0,
  adapterBytes: 0,
  embeddingContextTokenCount: null,
  sinks: { windowTokenCount: null, parallelCount: 2 },
  memoryBytes: 16 * 1024 * MiB,
};

describe('the prediction', () => {
  it('is the sum of its parts and grows by what it depends on', () => {
    const need = predictMemory(facts, options);
    expect(need.totalBytes).toBe(need.weightBytes + need.cacheBytes + need.computeBytes + need.processBytes);
    expect(need.cacheBytes).toBe(90 * MiB);
    const more = (changes: Partial<MemoryFacts>, others: Partial<MemoryOptions> = {}): number =>
      predictMemory({ ...facts, ...changes }, { ...options, ...others }).totalBytes - need.totalBytes;
    expect(more({ repackedBytes: 50 * MiB })).toBe(50 * MiB);
    expect(more({}, { hostCacheBytes: MiB })).toBe(MiB);
    expect(more({}, { contextTokenCount: 8_192 })).toBeGreaterThanOrEqual(90 * MiB);
    expect(more({ vocabTokenCount: 262_144 })).toBeGreaterThan(30 * MiB);
    expect(more({ hasSlidingWindow: true })).toBe(2 * 4_096 * 512);
  });

  it('uses the cells that the engine would choose', () => {
    const chosen = chooseCellCount(8_192, 23_040, options.memoryBytes);
    expect(chosen).toBe(16_384);
    expect(predictMemory(facts, { ...options, contextTokenCount: null }).cacheBytes).toBe(chosen * 23_040);
    expect(chooseCellCount(131_072, 23_040, options.memoryBytes)).toBe(32_768);
    expect(chooseCellCount(131_072, 131_072, 8 * 1024 * MiB)).toBe(12_800 + 256);
  });

  it('counts the context of windows that slide apart, cells and all', () => {
    const { sinksBytes } = predictMemory(facts, options);
    expect(sinksBytes).toBeGreaterThan(2 * 4_096 * facts.kvBytesPerCell);
    const small = { ...options, sinks: { windowTokenCount: 512, parallelCount: 1 } };
    expect(predictMemory(facts, small).sinksBytes).toBeLessThan(sinksBytes / 5);
    expect(predictMemory({ ...facts, isReader: true }, options).sinksBytes).toBe(0);
  });

  it('counts the context for embeddings apart, and no cache for what only reads', () => {
    expect(predictMemory(facts, options).embeddingBytes).toBeGreaterThan(180 * MiB);
    const reader = predictMemory({ ...facts, isReader: true, isWhole: true }, options);
    expect(reader).toMatchObject({ cacheBytes: 0, embeddingBytes: 0 });
    const decoder = predictMemory({ ...facts, isReader: true }, options);
    expect(decoder.cacheBytes).toBe(8_192 * 23_040);
  });
});

it('repacked are matrices in formats that the processor has kernels for', () => {
  const tensor = (name: string, format: string, dimensions: readonly number[]) => ({
    name,
    format,
    dimensions,
    bytes: 10,
  });
  const tensors = [
    tensor('token_embd.weight', 'Q4_0', [64, 64]),
    tensor('blk.0.attn_q.weight', 'Q4_0', [64, 64]),
    tensor('blk.0.attn_k.weight', 'Q4_0', [64, 12]),
    tensor('blk.0.ffn_up.weight', 'Q8_0', [64, 64]),
    tensor('blk.0.attn_norm.weight', 'F32', [64]),
    tensor('blk.0.ffn_exps.weight', 'Q4_0', [64, 64, 8]),
  ];
  expect(repackedBytes(tensors, 'x64')).toBe(10);
  expect(repackedBytes(tensors, 'arm64')).toBe(20);
  expect(repackedBytes(tensors, 'ia32')).toBe(0);
});
