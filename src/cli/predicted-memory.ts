import { stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { ModelPoolOptions } from '../engine/model-pool.ts';
import { splitStreams } from '../engine/offline-mode.ts';
import { outputRowCount } from '../engine/speculation/speculator.ts';
import { readGguf } from '../models/gguf.ts';
import { memoryFacts } from '../models/memory-facts.ts';
import { kvShareOfF16 } from '../engine/kv-type.ts';
import { predictMemory, type MemoryFacts } from '../plan/model-memory.ts';

/** The share of this machine's memory that models may take where the settings say nothing. */
const budgetShare = 0.8;

/** `engine.memoryBudgetBytes`, or its default on this machine. */
export function memoryBudget(asked: number | null): number {
  return asked ?? Math.floor(totalmem() * budgetShare);
}

/** Reads what a model will take out of its file's header, once a file. */
export function createMemoryPredictor(): ModelPoolOptions['predictMemory'] {
  const known = new Map<string, { readonly modifiedMs: number; readonly facts: MemoryFacts }>();

  async function factsOf(path: string, sizeBytes: number): Promise<MemoryFacts> {
    const { size, mtimeMs } = await stat(path);
    const found = known.get(path);
    if (found?.modifiedMs === mtimeMs) return found.facts;
    const read = memoryFacts(await readGguf(path), Math.max(size, sizeBytes), process.arch);
    known.set(path, { modifiedMs: mtimeMs, facts: read });
    return read;
  }

  return async ({ path, facts }, load) => {
    const streams = splitStreams(load);
    const options = {
      ...load,
      contextTokenCount: streams?.cellCount ?? load.contextTokenCount,
      streamCount: streams?.streamCount ?? 1,
      adapterBytes: load.adapterRoom.byteCount,
      outputCount: outputRowCount(load),
      kvShareOfF16: kvShareOfF16(load.kvType),
      memoryBytes: totalmem(),
    };
    const own = await factsOf(path, facts.sizeBytes ?? 0);
    const { draft } = load;
    // Nothing is drafted over a split pool.
    if (draft === null || streams !== null) return predictMemory(own, options);
    return predictMemory(own, options, {
      facts: await factsOf(draft.modelPath, draft.sizeBytes),
      outputCount: load.parallelCount,
      kvShareOfF16: kvShareOfF16(draft.kvType),
    });
  };
}
