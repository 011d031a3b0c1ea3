import { catalog, idOfChoice } from './catalog.ts';
import type { CatalogEntry, CatalogFile } from './catalog/entry.ts';
import { qualityOf } from './catalog/grade.ts';

/** This machine, as far as a choice of model depends on it. */
export interface MachineMeasures {
  /** Bytes of memory that are free for a model now. */
  readonly memoryBytes: number;
  /** Bytes that are free where models are kept. */
  readonly diskBytes: number;
  /** Measured rate at which memory is read, bytes a second. */
  readonly bandwidthBytesPerSecond: number;
}

export interface Assessment {
  /** The reference that pulls it. */
  readonly id: string;
  readonly entry: CatalogEntry;
  readonly file: CatalogFile;
  /** Weights, KV cache of `contextTokenCount` tokens, and working memory. */
  readonly neededMemoryBytes: number;
  readonly contextTokenCount: number;
  /** An estimate: measured bandwidth / bytes of weights, which is the most that one stream can reach. */
  readonly estimatedTokensPerSecond: number;
  /** On MMLU's scale; see `catalog/grade.ts`. */
  readonly quality: number;
  /** Why it does not suit this machine; empty where it does. */
  readonly obstacles: readonly ('memory' | 'disk' | 'speed')[];
}

/**
 * Slowest speed that is recommended: people read about 250 words a minute, at 1.3 tokens a word 5.4 tokens a
 * second; an answer that comes slower than it is read tries patience.
 */
export const leastTokensPerSecond = 6;

/** Context that must fit beside the weights; less where the model has less. */
export const leastContextTokens = 8192;

/** Compute buffers, logits, the gateway itself. */
const workingBytes = 512 * 1024 * 1024;
/** Part of the free memory that a model may take: other programs want some too. */
const memoryShare = 0.8;
const diskReserveBytes = 1024 * 1024 * 1024;

/** How one file of the catalog would do here. Pure. */
export function assess(entry: CatalogEntry, file: CatalogFile, machine: MachineMeasures): Assessment {
  const contextTokenCount = Math.min(leastContextTokens, entry.contextTokenCount);
  const neededMemoryBytes = file.sizeBytes + contextTokenCount * entry.kvBytesPerToken + workingBytes;
  const estimatedTokensPerSecond = machine.bandwidthBytesPerSecond / file.sizeBytes;
  const obstacles: ('memory' | 'disk' | 'speed')[] = [];
  if (neededMemoryBytes > machine.memoryBytes * memoryShare) obstacles.push('memory');
  if (file.sizeBytes + diskReserveBytes > machine.diskBytes) obstacles.push('disk');
  if (estimatedTokensPerSecond < leastTokensPerSecond) obstacles.push('speed');
  return {
    id: idOfChoice({ entry, file }),
    entry,
    file,
    neededMemoryBytes,
    contextTokenCount,
    estimatedTokensPerSecond,
    quality: qualityOf(entry.scores),
    obstacles,
  };
}

/**
 * The catalog's chat models for this machine, best first: those that suit it by quality, then the rest. Of a
 * model's formats the first that suits counts.
 */
export function rankCatalog(
  machine: MachineMeasures,
  entries: readonly CatalogEntry[] = catalog,
): readonly Assessment[] {
  const ranked = entries
    .filter((entry) => entry.chatTemplate !== null)
    .map((entry) => {
      const files = entry.files.map((file) => assess(entry, file, machine));
      return files.find((file) => file.obstacles.length === 0) ?? assess(entry, entry.files[0], machine);
    });
  return ranked.sort(
    (a, b) =>
      Math.sign(a.obstacles.length) - Math.sign(b.obstacles.length) ||
      b.quality - a.quality ||
      a.file.sizeBytes - b.file.sizeBytes,
  );
}

/**
 * The best model of the catalog that fits this memory and disk and answers at `leastTokensPerSecond` or more.
 * Models whose licence forbids commercial use and mere smoke tests are not recommended.
 * @returns `null` where none does
 */
export function recommendModel(
  machine: MachineMeasures,
  entries: readonly CatalogEntry[] = catalog,
): Assessment | null {
  return (
    rankCatalog(machine, entries).find(
      ({ entry, obstacles }) =>
        obstacles.length === 0 && entry.isNonCommercial !== true && entry.grade !== 'smoke test',
    ) ?? null
  );
}

/** The estimate with its formula and inputs, for people. */
export function explainEstimate(assessment: Assessment, machine: MachineMeasures): string {
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1);
  return (
    `about ${formatSpeed(assessment.estimatedTokensPerSecond)} tokens/s at most (estimated: ` +
    `${gigabytes(machine.bandwidthBytesPerSecond)} GB/s measured memory bandwidth / ` +
    `${gigabytes(assessment.file.sizeBytes)} GB of weights)`
  );
}

function formatSpeed(tokensPerSecond: number): string {
  return tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : String(Math.round(tokensPerSecond));
}
