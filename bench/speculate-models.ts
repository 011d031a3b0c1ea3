import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { quantizeFile } from '../src/engine/llama/quantize-job.ts';
import { testCachePath, testModel } from '../test/weights.ts';
import type { BenchmarkSetup } from './benchmark.ts';

export interface BenchedModel {
  readonly name: string;
  readonly path: string;
  /** What drafts for it beside lookup; `null` = nothing. */
  readonly draftPath: string | null;
}

/**
 * The given model alone, or SmolLM2 in three formats, made here of the pulled Q4_1, Gemma 3 270M, and SmolLM2's F16 with
 * its Q4_0 as the draft model.
 */
export async function benchedModels(setup: BenchmarkSetup): Promise<BenchedModel[]> {
  if (setup.isModelGiven)
    return [{ name: basename(setup.modelPath, '.gguf'), path: setup.modelPath, draftPath: null }];
  const smol = 'SmolLM2-135M';
  const makers: readonly {
    readonly name: string;
    readonly make: () => Promise<Omit<BenchedModel, 'name'>>;
  }[] = [
    ...['F16', 'Q8_0', 'Q4_0'].map((format) => ({
      name: `${smol} ${format}`,
      make: async () => ({ path: await smolAs(format, setup), draftPath: null }),
    })),
    {
      name: 'Gemma-3-270M Q4_K_M',
      make: async () => ({ path: (await testModel('gemma3-270m')).path, draftPath: null }),
    },
    {
      name: `${smol} F16 with Q4_0 as draft model`,
      make: async () => ({ path: await smolAs('F16', setup), draftPath: await smolAs('Q4_0', setup) }),
    },
  ];
  const { modelNames } = setup;
  const wanted = makers.filter(({ name }) => modelNames?.some((part) => name.includes(part)) ?? true);
  if (wanted.length === 0) {
    const known = makers.map(({ name }) => name).join(', ');
    throw new Error(`--models: none of ${modelNames?.join(', ') ?? ''} is in the name of one of: ${known}`);
  }
  const models: BenchedModel[] = [];
  for (const { name, make } of wanted) models.push({ name, ...(await make()) });
  return models;
}

/** SmolLM2 in a weight format, made once of the pulled Q4_1. */
export async function smolAs(format: string, setup: Pick<BenchmarkSetup, 'progress'>): Promise<string> {
  const folder = join(testCachePath(), 'derived');
  const output = join(folder, `bench-smollm2-${format}.gguf`);
  if (existsSync(output)) return output;
  setup.progress(`making SmolLM2 ${format}`);
  await mkdir(folder, { recursive: true });
  await quantizeFile({ input: (await testModel('smollm2')).path, output, format, allowRequantize: true });
  return output;
}
