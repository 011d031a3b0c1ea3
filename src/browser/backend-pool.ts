import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { Boundary } from '../privacy/clear.ts';
import type { Availability, Backend, BackendSource, LoadProgress } from './backend.ts';
import type { MeasuredSpeed } from './environment.ts';

/** A backend with what is known of it at the moment. */
export interface KnownBackend {
  readonly name: string;
  readonly boundary: Boundary;
  readonly availability: Availability;
}

/** The backends of a client: opened when they are first looked at, measured as they answer. */
export interface BackendPool {
  /** In the order of the settings. Never throws: what goes wrong is a reason. */
  look(): Promise<readonly KnownBackend[]>;
  /** @throws NearfarError where its code cannot be loaded, or there is none of this name */
  open(name: string): Promise<Backend>;
  /** @throws NearfarError */
  load(name: string, signal: AbortSignal, onProgress?: (progress: LoadProgress) => void): Promise<void>;
  readonly speeds: ReadonlyMap<string, MeasuredSpeed>;
  /** Of an answer that went well. */
  sawAnswer(name: string, firstTokenMs: number, decodeMs: number, tokenCount: number): void;
  /** Why a backend is left alone after a failure, and for how many milliseconds yet; null: it is not. */
  restOf(name: string): { readonly reason: string; readonly pauseMs: number } | null;
  sawFailure(name: string, error: NearfarError): void;
  readonly loading: ReadonlyMap<string, LoadProgress>;
  watch(listener: () => void): () => void;
  dispose(): Promise<void>;
}

/** Milliseconds that a backend has to say whether it can be used. */
const detectPatienceMs = 3_000;
/** Answers over which the speed is a running mean. */
const speedMemory = 8;
/** Milliseconds after the first failure in a row; doubled with each further one. */
const firstPauseMs = 2_000;
const longestPauseMs = 60_000;

export function createBackendPool(
  sources: readonly BackendSource[],
  onProgress: (progress: LoadProgress) => void,
  now: () => number = () => performance.now(),
): BackendPool {
  const opened = new Map<string, Promise<Backend>>();
  const speeds = new Map<string, MeasuredSpeed>();
  const loading = new Map<string, LoadProgress>();
  const failures = new Map<
    string,
    { readonly count: number; readonly until: number; readonly why: string }
  >();
  const listeners = new Set<() => void>();

  const names = sources.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new NearfarError('invalid_request', `backends: two of them are called ${twice}.`, {
      field: 'backends',
    });
  }

  function tell(): void {
    for (const listener of listeners) listener();
  }

  function open(name: string): Promise<Backend> {
    const known = opened.get(name);
    if (known !== undefined) return known;
    const source = sources.find((one) => one.name === name);
    if (source === undefined) {
      const list = names.length === 0 ? 'there is none' : names.join(', ');
      return Promise.reject(
        new NearfarError('model_not_found', `There is no backend ${name} (${list}).`, { field: 'backend' }),
      );
    }
    const opening = Promise.resolve()
      .then(() => source.open())
      .then((backend) => {
        // The boundary that was decided on is the one that is asked.
        if (backend.boundary === source.boundary) return backend;
        throw new NearfarError(
          'internal',
          `The backend ${name} is ${backend.boundary}, not as it was declared.`,
        );
      });
    opened.set(name, opening);
    // A chunk that could not be fetched may be there the next time.
    opening.catch(() => opened.delete(name));
    return opening;
  }

  async function lookAt({ name, boundary }: BackendSource): Promise<KnownBackend> {
    let availability: Availability;
    try {
      const backend = await within(open(name), detectPatienceMs, 'its code was not loaded in time');
      availability = await within(
        backend.detect(),
        detectPatienceMs,
        'it did not say in time whether it can',
      );
    } catch (thrown) {
      availability = { state: 'unavailable', reason: `It cannot be looked at: ${messageOf(thrown)}` };
    }
    return { name, boundary, availability };
  }

  return {
    look: () => Promise.all(sources.map(lookAt)),
    open,
    async load(name, signal, more) {
      const backend = await open(name);
      try {
        await backend.load((progress) => {
          loading.set(name, progress);
          more?.(progress);
          onProgress(progress);
          tell();
        }, signal);
      } catch (thrown) {
        throw toNearfarError(thrown);
      } finally {
        loading.delete(name);
        tell();
      }
    },
    speeds,
    sawAnswer(name, firstTokenMs, decodeMs, tokenCount) {
      failures.delete(name);
      // Of a single token there is no time between two.
      if (tokenCount < 2) return;
      const before = speeds.get(name);
      const count = Math.min(speedMemory, (before?.count ?? 0) + 1);
      const mean = (old: number | undefined, value: number): number =>
        old === undefined ? value : old + (value - old) / count;
      speeds.set(name, {
        firstTokenMs: mean(before?.firstTokenMs, firstTokenMs),
        msPerToken: mean(before?.msPerToken, decodeMs / (tokenCount - 1)),
        count,
      });
    },
    restOf(name) {
      const failure = failures.get(name);
      if (failure === undefined) return null;
      const pauseMs = failure.until - now();
      return pauseMs <= 0 ? null : { reason: failure.why, pauseMs };
    },
    sawFailure(name, error) {
      if (!isFault(error)) return;
      const count = (failures.get(name)?.count ?? 0) + 1;
      const asked = (error.retryAfterSeconds ?? 0) * 1000;
      const pause = Math.max(asked, Math.min(longestPauseMs, firstPauseMs * 2 ** (count - 1)));
      failures.set(name, { count, until: now() + pause, why: `it failed a moment ago (${error.kind})` });
    },
    loading,
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async dispose() {
      const backends = await Promise.allSettled(opened.values());
      opened.clear();
      await Promise.allSettled(
        backends.flatMap((one) => (one.status === 'fulfilled' ? [one.value.dispose()] : [])),
      );
    },
  };
}

/** Its own failure, not one of the request. */
function isFault({ kind }: NearfarError): boolean {
  return ['upstream_failed', 'unavailable', 'timeout', 'model_crashed', 'internal', 'rate_limited'].includes(
    kind,
  );
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

async function within<Value>(promise: Promise<Value>, ms: number, late: string): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NearfarError('timeout', `${late}.`));
    }, ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
