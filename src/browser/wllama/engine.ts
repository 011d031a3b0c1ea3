import type { Wllama as WllamaInstance, WllamaLogger } from '@wllama/wllama';
import { NearfarError, toNearfarError } from '../../chat/error.ts';
import type { EmbedResult, Pooling } from '../../chat/embedding.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { LoadProgress } from '../backend.ts';
import { isNamed, opfsDisk } from '../downloads/disk.ts';
import { createFileStore } from '../downloads/file-store.ts';
import { findModel, type PageModel } from '../downloads/page-model.ts';
import { notHere, requireChat, wireMessages } from '../worker/chat-wire.ts';
import { createChunkReader, type Chunk } from '../worker/chunk-reader.ts';
import type { PageEngine } from '../worker/engine.ts';
import { hasRealGpu } from '../worker/gpu.ts';
import { loadLibrary } from '../worker/library.ts';
import { tellProgress } from '../worker/load-progress.ts';
import { createPartQueue } from '../worker/part-queue.ts';
import { shareLoad } from '../worker/shared-load.ts';
import { createTurns } from '../worker/turns.ts';
import { unitVector } from '../worker/unit-vector.ts';
import { completionBody } from './completion-body.ts';
import { contextOf, type WllamaConfig } from './config.ts';

interface Loaded {
  readonly instance: WllamaInstance;
  readonly model: PageModel;
  /** Lets other tabs remove its files. */
  readonly leave: () => void;
}

/** llama.cpp, in workers of its own beside the one that this runs in. */
export function createWllamaEngine(config: WllamaConfig): PageEngine {
  let loaded: Loaded | null = null;
  const turns = createTurns();
  const load = shareLoad(async (onProgress, signal) => {
    loaded = await loadWllama(config, onProgress, signal);
  });

  async function take(
    signal: AbortSignal,
  ): Promise<{ readonly model: Loaded; readonly queueMs: number; readonly end: () => void }> {
    const askedAt = performance.now();
    await load(() => undefined, signal);
    const end = await turns.take(signal);
    if (loaded !== null) return { model: loaded, queueMs: performance.now() - askedAt, end };
    end();
    throw new NearfarError('unavailable', 'The model was unloaded meanwhile.');
  }

  /** A runtime that broke down answers nothing any more: the next request starts another. */
  function explain(thrown: unknown, signal: AbortSignal): NearfarError {
    if (signal.aborted || isNamed(thrown, 'AbortError'))
      return new NearfarError('aborted', 'It was aborted.');
    if (thrown instanceof NearfarError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (isNamed(thrown, 'RuntimeError')) {
      void unload();
      return new NearfarError('model_crashed', `The model broke down in the page: ${message}`, {
        cause: thrown,
      });
    }
    if (/context|n_ctx/i.test(message))
      return new NearfarError('context_overflow', message, { cause: thrown });
    return new NearfarError('internal', `wllama: ${message}`, { cause: thrown });
  }

  async function unload(): Promise<void> {
    const old = loaded;
    loaded = null;
    load.reset();
    old?.leave();
    await old?.instance.exit();
  }

  return {
    load,
    async *chat(request, signal) {
      const stop = new AbortController();
      let end = (): void => undefined;
      let asked: Promise<unknown> = Promise.resolve();
      try {
        const body = completionBody(request);
        const turn = await take(signal);
        end = turn.end;
        const queue = createPartQueue<ChatPart>();
        const reader = createChunkReader({
          model: turn.model.model.id,
          grade: turn.model.model.grade,
          queueMs: turn.queueMs,
          now: () => performance.now(),
        });
        const giveUp = (): void => {
          stop.abort();
          queue.end(new NearfarError('aborted', 'It was aborted.'));
        };
        if (signal.aborted) giveUp();
        signal.addEventListener('abort', giveUp, { once: true });
        asked = complete(turn.model.instance, body, stop.signal, (chunk) => {
          for (const part of reader.read(chunk)) queue.push(part);
        }).then(
          () => {
            queue.end();
          },
          (thrown: unknown) => {
            queue.end(thrown instanceof Error ? thrown : new Error(String(thrown)));
          },
        );
        try {
          yield* queue.read();
          yield* reader.end();
        } catch (thrown) {
          yield { type: 'error', error: explain(thrown, signal), usage: reader.usage() };
        } finally {
          signal.removeEventListener('abort', giveUp);
        }
      } catch (thrown) {
        yield { type: 'error', error: explain(thrown, signal) };
      } finally {
        // The reader may have left: nothing is generated for nobody, and the next turn begins on a free slot.
        stop.abort();
        void asked.then(end, end);
      }
    },
    async embed({ task }, signal): Promise<EmbedResult> {
      if (task.kind !== 'embed') throw notHere('query', 'this model gives vectors and does not rank');
      const { model, queueMs, end } = await take(signal);
      const startedAt = performance.now();
      try {
        const { dimensions } = task;
        const input = task.inputs.map((each) => (each.kind === 'text' ? each.text : [...each.tokens]));
        const { data, usage } = await model.instance.createEmbedding({ input: input as string[] });
        const prefillMs = performance.now() - startedAt;
        return {
          model: model.model.id,
          grade: model.model.grade,
          pooling: poolingOf(model.instance.getModelMetadata().meta),
          output: {
            kind: 'vectors',
            vectors: data.map(({ embedding }) => unitVector(embedding as readonly number[], dimensions)),
            truncatedCount: 0,
          },
          promptTokenCount: usage.prompt_tokens,
          timings: { queueMs, prefillMs, decodeMs: 0, totalMs: queueMs + prefillMs },
        };
      } catch (thrown) {
        throw explain(thrown, signal);
      } finally {
        end();
      }
    },
    async countTokens(input, signal) {
      const messages = wireMessages(requireChat({ input, choiceCount: 1 }));
      const { model, end } = await take(signal);
      const stop = new AbortController();
      const counts: number[] = [];
      try {
        // The library has no tokenizer of its own to ask: it says how long the prompt is when it begins to read it.
        await complete(
          model.instance,
          { messages, max_tokens: 1, stream: true, return_progress: true },
          AbortSignal.any([signal, stop.signal]),
          (chunk) => {
            const count = chunk.prompt_progress?.total ?? chunk.usage?.prompt_tokens;
            if (count === undefined) return;
            counts.push(count);
            stop.abort();
          },
        );
      } catch (thrown) {
        if (counts.length === 0 || signal.aborted) throw explain(thrown, signal);
      } finally {
        end();
      }
      const [count] = counts;
      if (count === undefined)
        throw new NearfarError('internal', 'wllama did not say how long the prompt is.');
      return count;
    },
    dispose: unload,
  };
}

/** The library's types know a part of what llama.cpp's server takes; the body goes there as it is. */
async function complete(
  instance: WllamaInstance,
  body: object,
  abortSignal: AbortSignal,
  onData: (chunk: Chunk) => void,
): Promise<void> {
  const options = { ...body, abortSignal, onData };
  await instance.createChatCompletion(options as never);
}

const quietLogger: WllamaLogger = {
  debug: () => undefined,
  log: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

async function loadWllama(
  config: WllamaConfig,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<Loaded> {
  const teller = tellProgress('wllama', onProgress);
  const disk = opfsDisk();
  const store = createFileStore({ disk, budgetBytes: config.budgetBytes ?? null });
  const model = await findModel(config.source, disk, { keeps: true });
  await store.download(
    model.files,
    (...bytes) => {
      teller.downloaded(...bytes);
    },
    signal,
  );
  const { Wllama } = await loadLibrary('@wllama/wllama', () => import('@wllama/wllama'));
  // Another version has another file at the same address: the mark tells them apart, and is sent to nobody.
  const wasm = { url: `${config.wasmUrl}#${Wllama.getLibllamaVersion()}`, bytes: null, sha256: null };
  await store.download([wasm], () => undefined, signal);
  const files = [...model.files, wasm];
  let leave = (): void => undefined;
  store.use(files, new Promise<void>((resolve) => (leave = resolve)));
  teller.loading();
  let started: WllamaInstance | null = null;
  let wasmAddress: string | null = null;
  try {
    const [program, ...weights] = await store.open([wasm, ...model.files]);
    if (program === undefined) throw new NearfarError('internal', 'The WebAssembly file is gone.');
    wasmAddress = URL.createObjectURL(new Blob([program], { type: 'application/wasm' }));
    const runner = new Wllama({ default: wasmAddress }, { suppressNativeLog: true, logger: quietLogger });
    // By default the library would fetch its build for older browsers from a content network.
    runner.setCompat(null);
    started = runner;
    const abort = (): void => void runner.exit();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await runner.loadModel([...weights], await loadParameters(config, model));
    } finally {
      signal.removeEventListener('abort', abort);
    }
    if (signal.aborted) throw new NearfarError('aborted', 'It was aborted.');
    teller.done();
    return { instance: runner, model, leave };
  } catch (thrown) {
    leave();
    void started?.exit();
    if (signal.aborted) throw new NearfarError('aborted', 'It was aborted.');
    throw thrown instanceof NearfarError
      ? thrown
      : new NearfarError('unavailable', `${model.id} could not be loaded: ${toMessage(thrown)}`, {
          cause: thrown,
        });
  } finally {
    if (wasmAddress !== null) URL.revokeObjectURL(wasmAddress);
  }
}

function toMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : toNearfarError(thrown).message;
}

async function loadParameters(config: WllamaConfig, model: PageModel) {
  const { gpu = 'auto', threadCount, embeddings = false } = config;
  const usesGpu = gpu === 'always' || (gpu === 'auto' && (await hasRealGpu()));
  const cores = (globalThis.navigator as Partial<Navigator>).hardwareConcurrency ?? 1;
  return {
    n_ctx: contextOf(config, model.contextTokenCount),
    n_threads: threadCount ?? Math.max(1, Math.min(8, cores - 1)),
    n_gpu_layers: usesGpu ? 99_999 : 0,
    // One answer at a time: several slots would share the context.
    n_parallel: 1,
    jinja: true,
    ...(embeddings ? { embeddings: true } : {}),
  };
}

/** llama.cpp's numbers in a GGUF: 1 mean, 2 the first token, 3 the last. */
function poolingOf(meta: Readonly<Record<string, string>>): Pooling {
  const type = meta[`${meta['general.architecture'] ?? ''}.pooling_type`];
  return type === '2' ? 'cls' : type === '3' ? 'last' : 'mean';
}
