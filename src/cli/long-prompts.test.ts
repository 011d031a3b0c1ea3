import { expect, it } from 'vitest';
import type { LoadedModel } from '../engine/protocol.ts';
import { longPromptLines, longPrompts } from './long-prompts.ts';

const loaded: LoadedModel = {
  contextTokenCount: 8_192,
  trainedContextTokenCount: 8_192,
  vocabTokenCount: 49_152,
  parameterCount: 135e6,
  sizeBytes: 1e8,
  description: 'llama',
  hasChatTemplate: true,
  hasFillInMiddle: false,
  prefixGranularity: 'token',
  libraryVersion: 'x',
  backend: 'cpu',
  deviceNames: [],
  gpuLayerCount: 0,
  threadCount: 1,
  systemInfo: '',
  kernels: 'shipped',
  stepCost: [
    { tokenCount: 1, milliseconds: 6 },
    { tokenCount: 256, milliseconds: 512 },
  ],
  loadMs: 1,
  pool: { cellCount: 16_384, kvBytesPerCell: 23_040, canShift: true, windowTokenCount: 4_096 },
};
const settings = { hostCacheBytes: 512 * 1024 ** 2, freeMemoryBytes: 4e9 };

it('says for each length of the guide what helps here, by measured steps', () => {
  const prompts = longPrompts(loaded, settings);
  expect(prompts.map(({ promptTokenCount, strategy }) => [promptTokenCount, strategy])).toEqual([
    [2_000, 'prefix_cache'],
    [10_000, 'sliding_window'],
    [100_000, 'sliding_window'],
  ]);
  const lines = longPromptLines(prompts).join('\n');
  expect(lines).toMatch(/2,000 {2}prefix cache: Reading 2,000 tokens takes 4\.0 s here/);
  expect(lines).toMatch(/10,000 {2}sinks: 10,000 tokens do not fit the context of 8,192\./);
});

it('is silent on models that only read', () => {
  const { pool, ...reader } = loaded;
  expect(pool).toBeDefined();
  expect(longPromptLines(longPrompts(reader, settings))).toEqual([]);
});
