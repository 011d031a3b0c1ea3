import { bindThreadpool } from './bindings.ts';
import type { Pointer, StructValue } from './bindings.ts';
import type { LlamaLibrary } from './library.ts';

/** Threads that live as long as the context, instead of being started for every step. */
export interface Threadpool {
  readonly pointer: Pointer;
  readonly threadCount: number;
  free(): void;
}

/**
 * A pool for the CPU backend; `null` where it exports none or one thread needs none.
 * @param poll how long idle workers spin for the next step, 0 (sleep at once) to 100
 */
export function createThreadpool(
  library: LlamaLibrary,
  threadCount: number,
  poll: number,
): Threadpool | null {
  const { bindings } = library;
  const cpu = library.devices.find((device) => !device.isGpu);
  if (cpu === undefined || threadCount < 2) return null;
  const registry = bindings.deviceRegistry(cpu.pointer);
  const create = bindings.procAddress(registry, 'ggml_threadpool_new');
  const free = bindings.procAddress(registry, 'ggml_threadpool_free');
  if (create === null || free === null) return null;
  const functions = bindThreadpool(create, free);
  const params: StructValue = {};
  bindings.threadpoolParamsInit(params, threadCount);
  const pointer = functions.create({ ...params, poll });
  if (pointer === null) return null;
  return {
    pointer,
    threadCount,
    free: () => {
      functions.free(pointer);
    },
  };
}

/** Pools by their number of threads, made when first asked for; contexts that never compute at once can share them. */
export interface Threadpools {
  get(threadCount: number): Threadpool | null;
  /** Once no context uses them. */
  free(): void;
}

export function createThreadpools(library: LlamaLibrary, poll: number): Threadpools {
  const pools = new Map<number, Threadpool | null>();
  return {
    get(threadCount) {
      const known = pools.get(threadCount);
      const pool = known === undefined ? createThreadpool(library, threadCount, poll) : known;
      pools.set(threadCount, pool);
      return pool;
    },
    free() {
      for (const pool of pools.values()) pool?.free();
      pools.clear();
    },
  };
}
