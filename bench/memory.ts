import { readFileSync } from 'node:fs';
import { platform, totalmem } from 'node:os';
import { childEntry, forkChild } from '../src/engine/child-connection.ts';
import type { KvType } from '../src/engine/kv-type.ts';
import { kvShareOfF16 } from '../src/engine/kv-type.ts';
import { createLocalModel } from '../src/engine/local-model.ts';
import type { LoadOptions } from '../src/engine/protocol.ts';
import { outputRowCount } from '../src/engine/speculation/speculator.ts';
import { createSupervisor } from '../src/engine/supervisor.ts';
import { readGguf } from '../src/models/gguf.ts';
import { memoryFacts } from '../src/models/memory-facts.ts';
import { bareProcessBytes, predictMemory, type MemoryNeed } from '../src/plan/model-memory.ts';
import { chatRequest, collect, loadOptions, modelFacts } from '../test/fixtures/engine-requests.ts';
import { testModel } from '../test/weights.ts';
import type { Benchmark, BenchmarkSetup, Row } from './benchmark.ts';
import { smolAs } from './speculate-models.ts';
import { rounded } from './stats.ts';

interface Case {
  readonly model: string;
  readonly path: (setup: BenchmarkSetup) => Promise<string>;
  readonly cellCount: number;
  readonly kvType: KvType;
}

const parallelCount = 16;

const smol = (format: string, cellCount: number, kvType: KvType): Case => ({
  model: `SmolLM2-135M ${format}`,
  path: async (setup) => (format === 'Q4_1' ? (await testModel('smollm2')).path : smolAs(format, setup)),
  cellCount,
  kvType,
});
const gemma = (cellCount: number, kvType: KvType): Case => ({
  model: 'Gemma-3-270M Q4_K_M',
  path: async () => (await testModel('gemma3-270m')).path,
  cellCount,
  kvType,
});

/** Every format and every type of cache, small, usual and large contexts. */
const cases: readonly Case[] = [
  smol('F16', 4096, 'f16'),
  smol('F16', 32_768, 'q8_0'),
  smol('Q8_0', 4096, 'q8_0'),
  smol('Q8_0', 16_384, 'f16'),
  smol('Q4_0', 4096, 'f16'),
  smol('Q4_0', 16_384, 'q4_0'),
  smol('Q4_0', 32_768, 'f16'),
  smol('Q4_1', 8192, 'f16'),
  smol('Q4_1', 65_536, 'q8_0'),
  smol('Q4_K_M', 8192, 'q8_0'),
  gemma(4096, 'f16'),
  gemma(8192, 'q8_0'),
  gemma(32_768, 'f16'),
];
const quickCases: readonly Case[] = [smol('Q4_0', 4096, 'f16'), gemma(4096, 'f16')];

/** What is predicted before a load, against what the engine's process grew by after it answered a prompt of 1,500 words. */
export const memory: Benchmark = async (setup) => {
  if (platform() !== 'linux') throw new Error('Resident memory is read from /proc: Linux only.');
  const rows: Row[] = [];
  const errors: number[] = [];
  for (const one of setup.quick ? quickCases : cases) {
    setup.progress(`${one.model}, ${one.cellCount} cells of ${one.kvType}`);
    const path = await one.path(setup);
    const options = loadOptions({
      ...{ modelPath: path, contextTokenCount: one.cellCount, kvType: one.kvType },
      ...{ parallelCount, threadCount: setup.threadCount },
    });
    const need = await predicted(path, options);
    const grownBytes = (await residentAfterAnswer(options)) - bareProcessBytes;
    const predictedBytes = need.weightBytes + need.cacheBytes + need.computeBytes;
    const error = predictedBytes / grownBytes - 1;
    errors.push(Math.abs(error));
    rows.push({
      label: `${one.model}, ${one.cellCount} cells ${one.kvType}`,
      cells: {
        weights: megabytes(need.weightBytes),
        'KV cache': megabytes(need.cacheBytes),
        compute: megabytes(need.computeBytes),
        predicted: megabytes(predictedBytes),
        'measured growth': megabytes(grownBytes),
        error: `${(100 * error).toFixed(1)}%`,
      },
    });
  }
  const figures = { max_error: rounded(Math.max(...errors), 3) };
  return {
    figures,
    targets: [{ key: 'max_error', value: figures.max_error, atMost: 0.08 }],
    rows,
    notes: [
      `MB of 10^6 bytes. Growth is the resident memory (VmRSS) of the engine's process after an answer, less ${megabytes(bareProcessBytes)} MB that it takes before it loads a model (a constant of the prediction). Room for ${parallelCount} answers; no host cache.`,
      'The prediction reads the header alone (src/plan/model-memory.ts has the formula). Two of its constants, 160 bytes a token of the vocabulary and 30 MiB, were fitted to SmolLM2 and Gemma 3 270M in Q4 with f16 caches of 4,096 to 16,384 cells: F16, Q8_0, Q4_K_M and the quantized caches were not part of that.',
    ],
  };
};

async function predicted(path: string, options: LoadOptions): Promise<MemoryNeed> {
  const header = await readGguf(path);
  return predictMemory(memoryFacts(header, header.expectedFileBytes, process.arch), {
    ...options,
    outputCount: outputRowCount(options),
    kvShareOfF16: kvShareOfF16(options.kvType),
    hostCacheBytes: 0,
    adapterBytes: 0,
    memoryBytes: totalmem(),
  });
}

async function residentAfterAnswer(options: LoadOptions): Promise<number> {
  const engine = createSupervisor({
    connect: forkChild(childEntry(), () => undefined),
    load: options,
    watchdogMs: 120_000,
    log: () => undefined,
  });
  try {
    await engine.ready();
    const model = createLocalModel({
      facts: () => modelFacts('measured'),
      adapter: null,
      acquire: () => Promise.resolve({ engine, release: () => undefined }),
    });
    const request = chatRequest('word '.repeat(1500), { maxTokenCount: 8 });
    const parts = await collect(model.stream(request, new AbortController().signal));
    const last = parts.at(-1);
    if (last?.type !== 'finish') throw new Error(`The engine did not answer: ${JSON.stringify(last)}`);
    if (engine.processId === null) throw new Error('The engine has no process.');
    const status = readFileSync(`/proc/${engine.processId}/status`, 'utf8');
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN);
  } finally {
    await engine.close();
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
