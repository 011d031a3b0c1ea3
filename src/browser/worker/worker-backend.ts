import { NearfarError, toNearfarError } from '../../chat/error.ts';
import type { Availability, Backend } from '../backend.ts';
import { createAsker, type Asker } from './asker.ts';
import type { FromEngine } from './engine.ts';

/** The first message to a worker: what it is to open. Plain data. */
export interface OpenMessage<Config> {
  readonly type: 'open';
  readonly config: Config;
}

export interface WorkerBackendOptions<Config> {
  readonly name: string;
  readonly config: Config;
  /** A dedicated worker with the engine in it. */
  readonly createWorker: () => Worker;
  readonly detect: () => Promise<Availability>;
  readonly has: { readonly embeddings: boolean; readonly tokenCounts: boolean };
}

/**
 * A backend whose model lives in a dedicated worker, so that the page's own thread does nothing but pass on text. The worker
 * is started at the first load. One that dies takes what it was asked with it, and the next call starts another.
 */
export function workerBackend<Config>(options: WorkerBackendOptions<Config>): Backend<'machine'> {
  let current: { readonly worker: Worker; readonly asker: Asker } | null = null;

  function engine(): Asker {
    if (current !== null) return current.asker;
    let worker: Worker;
    try {
      worker = options.createWorker();
    } catch (cause) {
      throw new NearfarError('unavailable', `The worker of ${options.name} cannot be started here.`, {
        cause,
      });
    }
    const asker = createAsker((message) => {
      worker.postMessage(message);
    });
    const started = { worker, asker };
    worker.onmessage = ({ data }: MessageEvent<FromEngine>) => {
      asker.receive(data);
    };
    worker.onerror = (event) => {
      // What went wrong inside was answered; this is a script that cannot be loaded, or a worker that died.
      if (current === started) current = null;
      worker.terminate();
      const error = new NearfarError(
        'model_crashed',
        `The worker of ${options.name} failed: ${event.message === '' ? 'its script could not be loaded' : event.message}.`,
      );
      for (const id of asker.lose(error)) {
        asker.receive({ type: 'failed', id, error: { ...wire, message: error.message } });
      }
    };
    worker.postMessage({ type: 'open', config: options.config } satisfies OpenMessage<Config>);
    current = started;
    return asker;
  }

  return {
    name: options.name,
    boundary: 'machine',
    detect: () =>
      options.detect().catch((thrown: unknown) => ({
        state: 'unavailable' as const,
        reason: toNearfarError(thrown).message,
      })),
    load: async (onProgress, signal) => engine().load(onProgress, signal),
    async *chat(cleared, signal) {
      try {
        yield* engine().chat(withoutKey(cleared.request), signal);
      } catch (thrown) {
        yield { type: 'error', error: toNearfarError(thrown) };
      }
    },
    ...(options.has.embeddings
      ? { embed: async (cleared, signal) => engine().embed(cleared.request, signal) }
      : {}),
    ...(options.has.tokenCounts
      ? { countTokens: async (input, signal) => engine().countTokens(input, signal) }
      : {}),
    async dispose() {
      const started = current;
      if (started === null) return;
      current = null;
      await started.asker.dispose().catch(() => undefined);
      started.worker.terminate();
    },
  };
}

const wire = { kind: 'model_crashed', retryable: false, field: null, retryAfterSeconds: null } as const;

/** A key of the client's is for upstreams; it has no business in a worker, and its class does not travel. */
function withoutKey<Request extends { readonly clientKey?: unknown }>(request: Request): Request {
  const { clientKey: _, ...rest } = request;
  return rest as Request;
}
