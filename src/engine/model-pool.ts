import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ModelFacts } from '../chat/model.ts';
import { childEntry, forkChild } from './child-connection.ts';
import { createLocalModel, type EngineLease } from './local-model.ts';
import type { LocalModels, RunningModel } from './local-models.ts';
import type { LoadOptions } from './protocol.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from './supervisor.ts';

/** A model that could be loaded. */
export interface FoundModel {
  readonly facts: ModelFacts;
  /** Absolute path of the GGUF. */
  readonly path: string;
}

export interface ModelPoolOptions {
  readonly findModel: (id: string) => Promise<FoundModel | null>;
  readonly loadOptionsFor: (model: FoundModel) => LoadOptions | Promise<LoadOptions>;
  /** Models in memory at once, at least 1. */
  readonly maxLoadedCount: number;
  /** The model that stays loaded while nobody asks for it; `null` = none. A function where the owner may change it. */
  readonly defaultModelId: string | null | (() => string | null);
  /** How long the others stay after their last answer, in seconds; -1 = for ever. */
  readonly keepAliveSeconds: number;
  /** See SupervisorOptions. */
  readonly watchdogMs: number;
  readonly closeGraceMs?: number;
  readonly log: SupervisorOptions['log'];
  /** How an engine is made; tests put one without a process here. */
  readonly createEngine?: (load: LoadOptions) => Supervisor;
}

interface Entry {
  readonly id: string;
  readonly path: string;
  readonly facts: ModelFacts;
  readonly engine: Supervisor;
  leaseCount: number;
  lastUsedAt: number;
  keepAliveSeconds: number;
  expiry: NodeJS.Timeout | null;
  expiresAt: Date | null;
  /** Set when it is to go: it takes no new requests and closes after its last answer. */
  isLeaving: boolean;
  /** The model that it makes room for, so that one newcomer does not empty the pool. */
  leavesFor: string | null;
  closing: Promise<void> | null;
}

interface Failure {
  readonly error: NearfarError;
  readonly until: number;
}

/** A model that could not be loaded is not tried again for this long: each try may cost seconds of a crashing child. */
const failureMs = 5_000;
/** Requests that may wait for another model to leave. */
const waiterLimit = 256;
const longestTimerMs = 2 ** 31 - 1;

/**
 * The models in memory: one engine child each. Loads on demand, and makes room by unloading what was used longest
 * ago, never in the middle of an answer: a busy model that has to go takes no new requests, answers those it has, and
 * leaves; who asks for it meanwhile waits his turn.
 */
export function createModelPool(options: ModelPoolOptions): LocalModels {
  const entries = new Map<string, Entry>();
  const failures = new Map<string, Failure>();
  /** Those who wait for a model to leave, in order of arrival. */
  let waiters: (() => void)[] = [];
  let useCount = 0;
  let isClosed = false;

  const createEngine =
    options.createEngine ??
    ((load) =>
      createSupervisor({
        connect: forkChild(childEntry(), (line) => {
          options.log('info', line);
        }),
        load,
        watchdogMs: options.watchdogMs,
        ...(options.closeGraceMs === undefined ? {} : { closeGraceMs: options.closeGraceMs }),
        log: options.log,
      }));

  function notify(): void {
    const awakened = waiters;
    waiters = [];
    for (const wake of awakened) wake();
  }

  async function changed(signal: AbortSignal): Promise<void> {
    if (waiters.length >= waiterLimit) {
      throw new NearfarError('queue_full', `${waiterLimit} requests wait for a model to be loaded.`, {
        retryAfterSeconds: 5,
      });
    }
    await new Promise<void>((resolve, reject) => {
      const wake = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        waiters = waiters.filter((waiter) => waiter !== wake);
        reject(toNearfarError(signal.reason));
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      waiters.push(wake);
    });
  }

  function defaultKeepAlive(id: string): number {
    const { defaultModelId } = options;
    const kept = typeof defaultModelId === 'function' ? defaultModelId() : defaultModelId;
    return id === kept ? -1 : options.keepAliveSeconds;
  }

  async function add(found: FoundModel): Promise<void> {
    const { id } = found.facts;
    const load = await options.loadOptionsFor(found);
    // Others may have been here while the options were made.
    if (isClosed || entries.has(id) || entries.size >= options.maxLoadedCount) return;
    const engine = createEngine(load);
    const entry: Entry = {
      id,
      path: found.path,
      facts: found.facts,
      engine,
      leaseCount: 0,
      lastUsedAt: 0,
      keepAliveSeconds: defaultKeepAlive(id),
      expiry: null,
      expiresAt: null,
      isLeaving: false,
      leavesFor: null,
      closing: null,
    };
    entries.set(id, entry);
    void engine.ended.then((error) => {
      if (error !== null) failures.set(id, { error, until: performance.now() + failureMs });
      void closeEntry(entry);
    });
  }

  function closeEntry(entry: Entry): Promise<void> {
    entry.isLeaving = true;
    if (entry.expiry !== null) clearTimeout(entry.expiry);
    entry.closing ??= entry.engine.close().then(() => {
      entries.delete(entry.id);
      notify();
    });
    return entry.closing;
  }

  function leave(entry: Entry, leavesFor: string | null): void {
    entry.isLeaving = true;
    entry.leavesFor ??= leavesFor;
    if (entry.leaseCount === 0) void closeEntry(entry);
  }

  function makeRoomFor(id: string): void {
    const candidates = [...entries.values()];
    if (candidates.some((entry) => entry.leavesFor === id || (entry.isLeaving && entry.leaseCount === 0)))
      return;
    const staying = candidates.filter((entry) => !entry.isLeaving);
    const idle = staying.filter((entry) => entry.leaseCount === 0);
    const [oldest] = (idle.length > 0 ? idle : staying).sort((a, b) => a.lastUsedAt - b.lastUsedAt);
    if (oldest !== undefined) leave(oldest, id);
  }

  async function acquire(
    found: FoundModel,
    keepAliveSeconds: number | null,
    signal: AbortSignal,
  ): Promise<EngineLease & { readonly entry: Entry }> {
    const { id } = found.facts;
    for (;;) {
      if (isClosed) throw new NearfarError('unavailable', 'nearfar is shutting down.');
      const failure = failures.get(id);
      if (failure !== undefined) {
        if (performance.now() < failure.until) throw failure.error;
        failures.delete(id);
      }
      const entry = entries.get(id);
      if (entry !== undefined && !entry.isLeaving) {
        // The store may have found a better file for it, requantized for this machine.
        if (entry.path === found.path || entry.leaseCount > 0) return take(entry, keepAliveSeconds);
        leave(entry, id);
      }
      if (entry === undefined && entries.size < options.maxLoadedCount) {
        await add(found);
        continue;
      }
      if (entry === undefined) makeRoomFor(id);
      await changed(signal);
    }
  }

  function take(entry: Entry, keepAliveSeconds: number | null): EngineLease & { readonly entry: Entry } {
    let isReleased = false;
    useCount += 1;
    entry.leaseCount += 1;
    entry.lastUsedAt = useCount;
    entry.keepAliveSeconds = keepAliveSeconds ?? defaultKeepAlive(entry.id);
    if (entry.expiry !== null) clearTimeout(entry.expiry);
    entry.expiry = null;
    entry.expiresAt = null;
    return {
      entry,
      engine: entry.engine,
      release() {
        if (isReleased) return;
        isReleased = true;
        entry.leaseCount -= 1;
        if (entry.leaseCount > 0) return;
        if (entry.isLeaving) void closeEntry(entry);
        else startExpiry(entry);
      },
    };
  }

  function startExpiry(entry: Entry): void {
    if (entry.keepAliveSeconds < 0) return;
    const delayMs = Math.min(entry.keepAliveSeconds * 1_000, longestTimerMs);
    if (delayMs === 0) {
      leave(entry, null);
      return;
    }
    entry.expiresAt = new Date(Date.now() + delayMs);
    entry.expiry = setTimeout(() => {
      leave(entry, null);
    }, delayMs);
    entry.expiry.unref();
  }

  async function find(id: string): Promise<FoundModel> {
    const found = await options.findModel(id);
    if (found === null) throw new NearfarError('model_not_found', `There is no model named ${id} here.`);
    return found;
  }

  return {
    async model(id) {
      const found = await find(id);
      return createLocalModel({
        facts: () => factsOf(found, entries.get(id)),
        acquire: (keepAliveSeconds, signal) => acquire(found, keepAliveSeconds, signal),
      });
    },

    async load(id, { keepAliveSeconds = null } = {}) {
      const found = await find(id);
      const lease = await acquire(found, keepAliveSeconds, new AbortController().signal);
      try {
        return await lease.entry.engine.ready();
      } finally {
        lease.release();
      }
    },

    running: () => [...entries.values()].map(toRunningModel).filter((model) => model !== null),

    async unload(id) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      leave(entry, null);
      while (entries.get(id) === entry) await changed(new AbortController().signal);
    },

    async close() {
      isClosed = true;
      notify();
      await Promise.all([...entries.values()].map(closeEntry));
    },
  };
}

/** What is known of a model, with the context that the loaded engine really gives. */
function factsOf(found: FoundModel, entry: Entry | undefined): ModelFacts {
  const contextTokenCount = entry?.engine.loaded?.contextTokenCount;
  return contextTokenCount === undefined ? found.facts : { ...found.facts, contextTokenCount };
}

function toRunningModel(entry: Entry): RunningModel | null {
  const { state, loaded, stats, restartCount, processId } = entry.engine;
  if (state === 'failed' || state === 'closed') return null;
  return { id: entry.id, state, loaded, stats, expiresAt: entry.expiresAt, restartCount, processId };
}
