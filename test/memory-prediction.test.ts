import { readFileSync } from 'node:fs';
import { platform, totalmem } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { childEntry, forkChild } from '../src/engine/child-connection.ts';
import type { LoadOptions } from '../src/engine/protocol.ts';
import { outputRowCount } from '../src/engine/speculation/speculator.ts';
import { createSupervisor, type Supervisor } from '../src/engine/supervisor.ts';
import { readGguf } from '../src/models/gguf.ts';
import { memoryFacts } from '../src/models/memory-facts.ts';
import { bareProcessBytes, predictMemory, type DraftMemory } from '../src/plan/model-memory.ts';
import { chatRequest, collect, loadOptions, modelFacts } from './fixtures/engine-requests.ts';
import { createLocalModel } from '../src/engine/local-model.ts';
import { testWeights } from './weights.ts';

/** What the prediction says before a load against what the child's process really takes after it. */

let engine: Supervisor | null = null;

afterEach(async () => {
  await engine?.close();
});

function residentBytes(processId: number): number {
  const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${processId}/status`, 'utf8')) ?? [];
  return 1_024 * Number(kibibytes);
}

async function draftMemory(path: string): Promise<DraftMemory> {
  const header = await readGguf(path);
  const facts = memoryFacts(header, header.expectedFileBytes, process.arch);
  return { facts, outputCount: 16, kvShareOfF16: 1 };
}

it.runIf(platform() === 'linux').each([
  ['smollm2', 4_096, null, 1],
  ['smollm2-q4_0', 16_384, null, 1],
  ['gemma3-270m', 8_192, null, 1],
  ['smollm2', 8_192, 'smollm2-q4_0', 1],
  ['smollm2-q4_0', 32_768, null, 16],
] as const)(
  '%s with %i cells takes what was predicted, within 8 in 100; draft model: %s; streams: %i',
  async (name, contextTokenCount, draftName, streamCount) => {
    const streamTokenCount = contextTokenCount / streamCount;
    const path = await testWeights(name);
    const header = await readGguf(path);
    const draftPath = draftName === null ? null : await testWeights(draftName);
    const draft: LoadOptions['draft'] =
      draftPath === null
        ? null
        : { modelPath: draftPath, modelId: 'draft', sizeBytes: 0, kvType: 'f16', curvePath: null };
    const options: LoadOptions = {
      ...loadOptions({ modelPath: path, draft }),
      contextTokenCount,
      parallelCount: 16,
      threadCount: 1,
      ...(streamCount === 1
        ? {}
        : { offline: { batching: 'continuous', kv: { layout: 'split', streamTokenCount } } }),
    };
    const need = predictMemory(
      memoryFacts(header, header.expectedFileBytes, process.arch),
      {
        ...options,
        streamCount,
        outputCount: outputRowCount(options),
        kvShareOfF16: 1,
        hostCacheBytes: 0,
        adapterBytes: 0,
        memoryBytes: totalmem(),
      },
      draftPath === null ? null : await draftMemory(draftPath),
    );
    const started = createSupervisor({
      connect: forkChild(childEntry(), () => undefined),
      load: options,
      watchdogMs: 60_000,
      log: () => undefined,
    });
    engine = started;
    await started.ready();
    const model = createLocalModel({
      facts: () => modelFacts(name),
      adapter: null,
      acquire: async () => ({ engine: started, release: () => undefined }),
    });
    await collect(
      model.stream(chatRequest('word '.repeat(1_500), { maxTokenCount: 8 }), new AbortController().signal),
    );
    const grown = residentBytes(started.processId!) - bareProcessBytes;
    const predicted = need.weightBytes + need.cacheBytes + need.computeBytes;
    expect(predicted / grown).toBeGreaterThan(0.92);
    expect(predicted / grown).toBeLessThan(1.08);

    // The context of windows comes on top, at the first answer that may run past the other one.
    const stop = new AbortController();
    const endless = chatRequest('word '.repeat(520), { contextOverflow: 'sinks', maxTokenCount: 100_000 });
    for await (const part of model.stream(endless, stop.signal)) if (part.type === 'text-delta') stop.abort();
    const withWindows = residentBytes(started.processId!) - bareProcessBytes;
    expect((predicted + need.sinksBytes) / withWindows).toBeGreaterThan(0.92);
    expect((predicted + need.sinksBytes) / withWindows).toBeLessThan(1.08);
  },
  120_000,
);
