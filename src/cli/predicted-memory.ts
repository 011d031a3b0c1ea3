import { stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { FoundModel, ModelPoolOptions } from '../engine/model-pool.ts';
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

  async function factsOf({ path, facts }: FoundModel): Promise<MemoryFacts> {
    const { size, mtimeMs } = await stat(path);
    const found = known.get(path);
    if (found?.modifiedMs === mtimeMs) return found.facts;
    const read = memoryFacts(await readGguf(path), Math.max(size, facts.sizeBytes ?? 0), process.arch);
    known.set(path, { modifiedMs: mtimeMs, facts: read });
    return read;
  }

  return async (found, load) => {
    const streams = splitStreams(load);
    return predictMemory(await factsOf(found), {
      ...load,
      contextTokenCount: streams?.cellCount ?? load.contextTokenCount,
      streamCount: streams?.streamCount ?? 1,
      outputCount: outputRowCount(load),
      kvShareOfF16: kvShareOfF16(load.kvType),
      memoryBytes: totalmem(),
    });
  };
}
