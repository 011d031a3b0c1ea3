import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { quantizeFile } from '../src/engine/llama/quantize-job.ts';
import { testCachePath, testModel } from '../test/weights.ts';
import type { BenchmarkSetup } from './benchmark.ts';

export interface BenchedModel {
  readonly name: string;
  readonly path: string;
}

/** The given model alone, or SmolLM2 in three formats, made here of the pulled Q4_1, and Gemma 3 270M. */
export async function benchedModels(setup: BenchmarkSetup): Promise<BenchedModel[]> {
  if (setup.isModelGiven) return [{ name: basename(setup.modelPath, '.gguf'), path: setup.modelPath }];
  const models: BenchedModel[] = [];
  for (const format of ['F16', 'Q8_0', 'Q4_0']) {
    models.push({ name: `SmolLM2-135M ${format}`, path: await smolAs(format, setup) });
  }
  setup.progress('Gemma 3 270M');
  models.push({ name: 'Gemma-3-270M Q4_K_M', path: (await testModel('gemma3-270m')).path });
  return models;
}

async function smolAs(format: string, setup: BenchmarkSetup): Promise<string> {
  const folder = join(testCachePath(), 'derived');
  const output = join(folder, `bench-smollm2-${format}.gguf`);
  if (existsSync(output)) return output;
  setup.progress(`making SmolLM2 ${format}`);
  await mkdir(folder, { recursive: true });
  await quantizeFile({ input: (await testModel('smollm2')).path, output, format });
  return output;
}
