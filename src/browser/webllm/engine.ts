import { NearfarError } from '../../chat/error.ts';
import type { ChatRequest, OutputFormat } from '../../chat/request.ts';
import type { LoadProgress } from '../backend.ts';
import { opfsDisk } from '../downloads/disk.ts';
import { chatWire, notHere } from '../worker/chat-wire.ts';
import { createChunkReader } from '../worker/chunk-reader.ts';
import type { PageEngine } from '../worker/engine.ts';
import { tellProgress } from '../worker/load-progress.ts';
import { shareLoad } from '../worker/shared-load.ts';
import { createTurns } from '../worker/turns.ts';
import { idOfModel, type WebLlmConfig } from './config.ts';
import { loadWebLlm, type WebLlmLibrary, type WebLlmRunner } from './library.ts';
import { markLoaded } from './loaded-mark.ts';

/** What tests put in the place of the browser. */
export interface WebLlmWorld {
  readonly library: () => Promise<WebLlmLibrary>;
  /** Writes down that the model is on this device. */
  readonly mark: (modelId: string) => Promise<void>;
}

/** WebLLM. It fetches and keeps its files itself: what it has of a broken-off download it does not fetch again. */
export function createWebLlmEngine(
  config: WebLlmConfig,
  world: WebLlmWorld = { library: loadWebLlm, mark: (modelId) => markLoaded(opfsDisk(), modelId) },
): PageEngine {
  const modelId = idOfModel(config);
  let runner: WebLlmRunner | null = null;
  const turns = createTurns();
  const load = shareLoad(async (onProgress, signal) => {
    runner = await loadRunner(config, world, onProgress, signal);
  });

  function explain(thrown: unknown, signal: AbortSignal): NearfarError {
    if (signal.aborted) return new NearfarError('aborted', 'It was aborted.');
    if (thrown instanceof NearfarError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (/context window|ContextWindow/i.test(message))
      return new NearfarError('context_overflow', message, { cause: thrown });
    return new NearfarError('internal', `WebLLM: ${message}`, { cause: thrown });
  }

  return {
    load,
    async *chat(request, signal) {
      let end = (): void => undefined;
      let interrupt = (): void => undefined;
      try {
        const body = requestBody(request);
        const askedAt = performance.now();
        await load(() => undefined, signal);
        end = await turns.take(signal);
        const active = runner;
        if (active === null) throw new NearfarError('unavailable', 'The model was unloaded meanwhile.');
        let isOver = false;
        interrupt = () => {
          if (!isOver) void active.interruptGenerate();
        };
        signal.addEventListener('abort', interrupt, { once: true });
        const reader = createChunkReader({
          model: modelId,
          grade: 'ungraded',
          queueMs: performance.now() - askedAt,
          now: () => performance.now(),
        });
        try {
          for await (const chunk of await active.chatCompletion(body)) {
            // What it still says after an interruption belongs to nobody.
            if (signal.aborted) continue;
            yield* reader.read(chunk);
          }
          isOver = true;
          if (signal.aborted) throw new NearfarError('aborted', 'It was aborted.');
          yield* reader.end();
        } catch (thrown) {
          isOver = true;
          yield { type: 'error', error: explain(thrown, signal), usage: reader.usage() };
        }
      } catch (thrown) {
        yield { type: 'error', error: explain(thrown, signal) };
      } finally {
        signal.removeEventListener('abort', interrupt);
        // The reader may have left in the middle.
        interrupt();
        end();
      }
    },
    embed: () => Promise.reject(notHere('model', 'this model answers chats and gives no vectors')),
    countTokens: () => Promise.reject(notHere('model', 'WebLLM tells no token counts')),
    async dispose() {
      const old = runner;
      runner = null;
      load.reset();
      await old?.unload();
    },
  };
}

function requestBody(request: ChatRequest): object {
  const { sampling, outputFormat, input } = request;
  if (input.kind === 'chat' && input.toolUse !== undefined)
    throw notHere('tools', 'WebLLM is not asked to call tools here');
  if (request.topLogprobCount !== null) throw notHere('logprobs', 'they are not told here');
  const { response_format: _, ...body } = chatWire(request) as ReturnType<typeof chatWire> & {
    readonly response_format?: unknown;
  };
  return {
    ...body,
    ...formatFields(outputFormat),
    temperature: sampling.temperature,
    top_p: sampling.topP,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    ...(sampling.seed === null ? {} : { seed: sampling.seed }),
    ...(request.ignoreEndOfGeneration ? { ignore_eos: true } : {}),
    ...(input.kind === 'chat' && input.reasoning !== undefined
      ? { extra_body: { enable_thinking: input.reasoning.isWanted } }
      : {}),
  };
}

/** WebLLM takes a schema as text, beside the type of plain JSON. */
function formatFields(format: OutputFormat): object {
  switch (format.type) {
    case 'text':
      return {};
    case 'json_object':
      return { response_format: { type: 'json_object' } };
    case 'json_schema':
      return { response_format: { type: 'json_object', schema: JSON.stringify(format.schema) } };
  }
}

async function loadRunner(
  config: WebLlmConfig,
  world: WebLlmWorld,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<WebLlmRunner> {
  const teller = tellProgress('webllm', onProgress);
  const library = await world.library();
  const started = new library.MLCEngine({
    ...(typeof config.model === 'string' ? {} : { appConfig: { model_list: [config.model] } }),
    initProgressCallback: ({ progress }) => {
      const total = config.downloadBytes ?? null;
      teller.downloaded(total === null ? 0 : Math.round(progress * total), total);
    },
    logLevel: 'SILENT',
  });
  const stop = (): void => void started.unload().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await started.reload(idOfModel(config));
    if (signal.aborted) throw new NearfarError('aborted', 'It was aborted.');
    await world.mark(idOfModel(config));
    teller.done();
    return started;
  } catch (thrown) {
    if (signal.aborted) throw new NearfarError('aborted', 'It was aborted.');
    if (thrown instanceof NearfarError) throw thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new NearfarError('unavailable', `${idOfModel(config)} could not be loaded: ${message}`, {
      cause: thrown,
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
