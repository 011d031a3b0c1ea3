// Longer than 300 lines: the line of those who wait and the models that they wait for are one state.
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { OverflowPolicy } from '../chat/overflow.ts';
import type { ModelFacts } from '../chat/model.ts';
import { memoryRefusal } from '../plan/memory-refusal.ts';
import type { MemoryNeed } from '../plan/model-memory.ts';
import type { AdapterRef } from './adapter.ts';
import { childEntry, forkChild } from './child-connection.ts';
import { createLocalModel, type EngineLease, type EngineUse } from './local-model.ts';
import type { LocalModels } from './local-models.ts';
import { bytesFor, createModelShare, extraBytesOf, extrasOf, type ModelShare } from './model-share.ts';
import { hasRoom, whoLeaves, type Wish } from './model-room.ts';
import type { LoadOptions } from './protocol.ts';
import { factsOf, keepAliveMs, toRunningModel, type PoolEntry } from './pool-entry.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from './supervisor.ts';

/** A model that could be loaded. */
export interface FoundModel {
  readonly facts: ModelFacts;
  /** Absolute path of the GGUF. */
  readonly path: string;
  /** What requests for this name apply beside the model, and what is listed of it; the rest is the model's. */
  readonly adapter?: { readonly ref: AdapterRef; readonly facts: ModelFacts };
}

export interface ModelPoolOptions {
  readonly findModel: (id: string) => Promise<FoundModel | null>;
  readonly loadOptionsFor: (model: FoundModel) => LoadOptions | Promise<LoadOptions>;
  /** Bytes that all models together may take. */
  readonly memoryBudgetBytes: number;
  /** Bytes that one will take, from its file alone. */
  readonly predictMemory: (model: FoundModel, load: LoadOptions) => Promise<MemoryNeed>;
  /** What becomes of too long a prompt where a request does not say. @default error */
  readonly contextOverflowOf?: (id: string) => OverflowPolicy;
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

interface Failure {
  readonly error: NearfarError;
  readonly until: number;
}

/** A model that could not be loaded is not tried again for this long: each try may cost seconds of a crashing child. */
const failureMs = 5_000;
/** Requests that may wait for another model to leave. */
const waiterLimit = 256;

/** How a model would be loaded and what it would take. */
interface Prospect {
  readonly load: LoadOptions;
  readonly need: MemoryNeed;
}

/**
 * The models in memory: one engine child each. Loads on demand within a budget of bytes and a number of models, and
 * makes room by unloading what was used longest ago, never in the middle of an answer: a busy model that has to go
 * takes no new requests, answers those it has, and leaves; who asks for it meanwhile waits his turn. Those who wait are
 * served in order of arrival: nobody takes the room that an earlier one waits for. Nobody holds a model while waiting
 * for another, so they cannot wait for each other for ever.
 */
export function createModelPool(options: ModelPoolOptions): LocalModels {
  const entries = new Map<string, PoolEntry>();
  const failures = new Map<string, Failure>();
  /** Those who wait for a model to leave, in order of arrival. */
  let waiters: (() => void)[] = [];
  /** What is waited for, by model and use, in order of arrival. */
  const wishes = new Map<string, Wish & { waiterCount: number }>();
  const limits = { memoryBytes: options.memoryBudgetBytes, count: options.maxLoadedCount };
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

  async function prospectOf(found: FoundModel): Promise<Prospect> {
    const load = await options.loadOptionsFor(found);
    return { load, need: await options.predictMemory(found, load) };
  }

  function add(found: FoundModel, { load, need }: Prospect, use: EngineUse): void {
    const { id } = found.facts;
    const share = createModelShare(need, use, () => performance.now());
    const engine = createEngine(load);
    const entry: PoolEntry = {
      id,
      path: found.path,
      facts: found.facts,
      engine,
      need,
      share,
      get bytes() {
        return share.bytes;
      },
      leaseCount: 0,
      lastUsedAt: 0,
      keepAliveSeconds: defaultKeepAlive(id),
      expiry: null,
      expiresAt: null,
      isLeaving: false,
      closing: null,
    };
    entries.set(id, entry);
    void engine.ended.then((error) => {
      if (error !== null) failures.set(id, { error, until: performance.now() + failureMs });
      void closeEntry(entry);
    });
    notify();
  }

  function closeEntry(entry: PoolEntry): Promise<void> {
    entry.isLeaving = true;
    if (entry.expiry !== null) clearTimeout(entry.expiry);
    entry.closing ??= entry.engine.close().then(() => {
      entries.delete(entry.id);
      notify();
    });
    return entry.closing;
  }

  function leave(entry: PoolEntry): void {
    entry.isLeaving = true;
    if (entry.leaseCount === 0) void closeEntry(entry);
  }

  /** True where there is room now; else, for the first in the line, others are asked to leave. */
  function isMet(key: string, wish: Wish, growing: PoolEntry | null): boolean {
    const holders = [...entries.values()];
    for (const { share, engine } of holders) share.reclaim(engine.stats?.sinksCellCount ?? null);
    const ahead: Wish[] = [];
    for (const [otherKey, other] of wishes) {
      if (otherKey === key) break;
      ahead.push(other);
    }
    if (hasRoom(limits, holders, ahead, wish)) return true;
    if (ahead.length === 0) {
      for (const id of whoLeaves(limits, holders, wish, growing?.id ?? null)) {
        const entry = entries.get(id);
        if (entry !== undefined) leave(entry);
      }
    }
    return false;
  }

  function makeWish(key: string, wish: Wish, isFirst: boolean): void {
    const known = wishes.get(key);
    const waiterCount = (known?.waiterCount ?? 0) + (isFirst ? 1 : 0);
    // Set anew it keeps its place in the line.
    wishes.set(key, { ...wish, waiterCount });
  }

  function endWish(key: string): void {
    const wish = wishes.get(key);
    if (wish === undefined) return;
    wish.waiterCount -= 1;
    if (wish.waiterCount > 0) return;
    wishes.delete(key);
    // The next in the line may go ahead.
    notify();
  }

  /** @throws NearfarError `unavailable` naming need, budget and what unloading would free */
  function requireBudget(id: string, need: MemoryNeed, use: EngineUse, share?: ModelShare): void {
    if ((share?.bytes ?? need.totalBytes) + extraBytesOf(need, use) <= limits.memoryBytes) return;
    const extras = extrasOf(need, [...(share?.uses ?? []), use]);
    const others = [...entries.values()].filter((entry) => entry.id !== id);
    const text = memoryRefusal(id, need, extras, limits.memoryBytes, others);
    throw new NearfarError('unavailable', text);
  }

  async function acquire(
    found: FoundModel,
    keepAliveSeconds: number | null,
    signal: AbortSignal,
    use: EngineUse,
  ): Promise<EngineLease & { readonly entry: PoolEntry }> {
    const { id } = found.facts;
    const key = `${id} ${use}`;
    let prospect: Prospect | null = null;
    let isInLine = false;
    try {
      for (;;) {
        if (isClosed) throw new NearfarError('unavailable', 'nearfar is shutting down.');
        // Nothing is loaded for somebody who has gone.
        if (signal.aborted) throw toNearfarError(signal.reason);
        const failure = failures.get(id);
        if (failure !== undefined) {
          if (performance.now() < failure.until) throw failure.error;
          failures.delete(id);
        }
        let wish: Wish;
        const entry = entries.get(id);
        if (entry === undefined) {
          if (prospect === null) {
            prospect = await prospectOf(found);
            continue;
          }
          requireBudget(id, prospect.need, use);
          wish = { bytes: bytesFor(prospect.need, use), count: 1 };
          if (isMet(key, wish, null)) {
            add(found, prospect, use);
            continue;
          }
        } else if (entry.isLeaving || (entry.path !== found.path && entry.leaseCount === 0)) {
          // The store may have found a better file for it, requantized for this machine.
          if (!entry.isLeaving) leave(entry);
          wish = { bytes: bytesFor(entry.need, use), count: 1 };
        } else {
          wish = { bytes: entry.share.extraBytes(use), count: 0 };
          if (wish.bytes > 0) requireBudget(id, entry.need, use, entry.share);
          if (wish.bytes === 0 || isMet(key, wish, entry)) {
            entry.share.add(use);
            return take(entry, keepAliveSeconds, use);
          }
        }
        makeWish(key, wish, !isInLine);
        isInLine = true;
        await changed(signal);
      }
    } finally {
      if (isInLine) endWish(key);
    }
  }

  function take(
    entry: PoolEntry,
    keepAliveSeconds: number | null,
    use: EngineUse,
  ): EngineLease & { readonly entry: PoolEntry } {
    let isReleased = false;
    const letGo = entry.share.hold(use);
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
        letGo();
        entry.leaseCount -= 1;
        if (entry.leaseCount > 0) return;
        if (entry.isLeaving) void closeEntry(entry);
        else startExpiry(entry);
      },
    };
  }

  function startExpiry(entry: PoolEntry): void {
    if (entry.keepAliveSeconds < 0) return;
    const delayMs = keepAliveMs(entry);
    if (delayMs === 0) {
      leave(entry);
      return;
    }
    entry.expiresAt = new Date(Date.now() + delayMs);
    entry.expiry = setTimeout(() => {
      leave(entry);
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
        facts: () => factsOf(found, entries.get(found.facts.id)),
        adapter: found.adapter?.ref ?? null,
        contextOverflow: options.contextOverflowOf?.(found.facts.id) ?? 'error',
        acquire: (keepAliveSeconds, signal, use) => acquire(found, keepAliveSeconds, signal, use),
      });
    },

    async load(id, { keepAliveSeconds = null } = {}) {
      const found = await find(id);
      const lease = await acquire(found, keepAliveSeconds, new AbortController().signal, 'answer');
      try {
        return await lease.entry.engine.ready();
      } finally {
        lease.release();
      }
    },

    running: () => [...entries.values()].map(toRunningModel).filter((model) => model !== null),

    async unload(id) {
      // An adapter is in memory with its model.
      const entry = entries.get(id) ?? entries.get((await options.findModel(id))?.facts.id ?? id);
      if (entry === undefined) return;
      leave(entry);
      while (entries.get(entry.id) === entry) await changed(new AbortController().signal);
    },

    async close() {
      isClosed = true;
      notify();
      await Promise.all([...entries.values()].map(closeEntry));
    },
  };
}
