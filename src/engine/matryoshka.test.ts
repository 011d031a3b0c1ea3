import { expect, it } from 'vitest';
import { whyNotShortened } from './matryoshka.ts';

it.each([
  [384, 384, ['all-MiniLM-L6-v2'], true],
  [128, 384, ['all-MiniLM-L6-v2'], false],
  [256, 768, ['nomic-embed-text-v1.5'], true],
  [200, 768, ['nomic-embed-text-v1.5'], false],
  [256, 768, ['nomic-embed-text-v1'], false],
  [100, 1_024, ['', 'Qwen3 Embedding 0.6B'], true],
  [16, 1_024, ['qwen3-embedding-0.6b'], false],
  [2_048, 1_024, ['qwen3-embedding-0.6b'], false],
  [128, 768, ['embeddinggemma-300m'], true],
])('%i of %i numbers of %j may stand for all: %s', (length, fullLength, names, may) => {
  expect(whyNotShortened(length, fullLength, names) === null).toBe(may);
});
