import type { MemoryNeed } from './model-memory.ts';

/** A model in memory and what is set aside for it. */
export interface LoadedShare {
  readonly id: string;
  readonly bytes: number;
}

/**
 * Why a model cannot be loaded at all: what it needs and of what, the budget, and what unloading would free.
 * @param extras further contexts, such as that for embeddings
 */
export function memoryRefusal(
  id: string,
  need: MemoryNeed,
  extras: readonly { readonly name: string; readonly bytes: number }[],
  budgetBytes: number,
  loaded: readonly LoadedShare[],
): string {
  const parts = [
    `weights ${inGiB(need.weightBytes)}`,
    `KV cache ${inGiB(need.cacheBytes)}`,
    `computing ${inGiB(need.computeBytes)}`,
    `process and prefixes ${inGiB(need.processBytes)}`,
    ...(need.adapterBytes > 0 ? [`adapters ${inGiB(need.adapterBytes)}`] : []),
    ...extras.map(({ name, bytes }) => `${name} ${inGiB(bytes)}`),
  ].join(', ');
  const others = loaded.map((share) => `${share.id} (${inGiB(share.bytes)})`).join(', ');
  return (
    `${id} needs ${inGiB(extras.reduce((sum, { bytes }) => sum + bytes, need.totalBytes))} of memory (${parts}) and the budget is ` +
    `${inGiB(budgetBytes)}: it does not fit, ` +
    (others === '' ? 'and nothing is loaded that could leave. ' : `not even with ${others} unloaded. `) +
    'A smaller engine.contextTokenCount or a larger engine.memoryBudgetBytes would help.'
  );
}

function inGiB(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}
