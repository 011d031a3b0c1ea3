import { NearfarError } from '../../chat/error.ts';
import type { EmbedResult } from '../../chat/embedding.ts';
import type { ChatPart, FinishReason } from '../../chat/part.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { opfsDisk } from '../downloads/disk.ts';
import { createFileStore } from '../downloads/file-store.ts';
import type { PageModel } from '../downloads/page-model.ts';
import { notHere, requireChat, wireMessages } from '../worker/chat-wire.ts';
import type { PageEngine } from '../worker/engine.ts';
import { hasRealGpu } from '../worker/gpu.ts';
import { createPartQueue } from '../worker/part-queue.ts';
import { shareLoad } from '../worker/shared-load.ts';
import { createStopText } from '../stop-text.ts';
import { createTurns } from '../worker/turns.ts';
import { unitVector } from '../worker/unit-vector.ts';
import type { TransformersConfig } from './config.ts';
import { loadTransformers, type TextGeneration, type TransformersLibrary } from './library.ts';
import { loadPipeline, type LoadedPipeline, type TransformersWorld } from './load-pipeline.ts';

/** Transformers.js over ONNX Runtime. It is given files that are here and verified, and asks nobody for others. */
export function createTransformersEngine(
  config: TransformersConfig,
  world: TransformersWorld = {
    library: loadTransformers,
    disk: () => opfsDisk(),
    store: (disk) => createFileStore({ disk, budgetBytes: config.budgetBytes ?? null }),
    hasGpu: hasRealGpu,
  },
): PageEngine {
  let loaded: LoadedPipeline | null = null;
  const turns = createTurns();
  const load = shareLoad(async (onProgress, signal) => {
    loaded = await loadPipeline(config, world, onProgress, signal);
  });

  async function take(
    signal: AbortSignal,
  ): Promise<{ readonly model: LoadedPipeline; readonly queueMs: number; readonly end: () => void }> {
    const askedAt = performance.now();
    await load(() => undefined, signal);
    const end = await turns.take(signal);
    if (loaded !== null) return { model: loaded, queueMs: performance.now() - askedAt, end };
    end();
    throw new NearfarError('unavailable', 'The model was unloaded meanwhile.');
  }

  function explain(thrown: unknown, signal: AbortSignal): NearfarError {
    if (signal.aborted) return new NearfarError('aborted', 'It was aborted.');
    if (thrown instanceof NearfarError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new NearfarError('internal', `Transformers.js: ${message}`, { cause: thrown });
  }

  return {
    load,
    async *chat(request, signal) {
      let end = (): void => undefined;
      let running: Promise<unknown> = Promise.resolve();
      let interrupt = (): void => undefined;
      try {
        checkCarried(request);
        const turn = await take(signal);
        end = turn.end;
        const { library, model, runner } = turn.model;
        if (runner.kind !== 'chat') throw notHere('model', 'this model gives vectors and answers no chats');
        const generation = generate(library, runner.run, request, turn.queueMs, model);
        running = generation.done;
        ({ interrupt } = generation);
        signal.addEventListener('abort', interrupt, { once: true });
        if (signal.aborted) interrupt();
        for await (const part of generation.parts) {
          if (signal.aborted) break;
          yield part;
        }
        if (signal.aborted) throw new NearfarError('aborted', 'It was aborted.');
      } catch (thrown) {
        yield { type: 'error', error: explain(thrown, signal) };
      } finally {
        signal.removeEventListener('abort', interrupt);
        interrupt();
        void running.then(end, end);
      }
    },
    async embed({ task }, signal): Promise<EmbedResult> {
      if (task.kind !== 'embed') throw notHere('query', 'this model gives vectors and does not rank');
      const texts = task.inputs.map((input) => {
        if (input.kind === 'text') return input.text;
        throw notHere(task.field, 'this model takes texts, not tokens');
      });
      const { model, queueMs, end } = await take(signal);
      const startedAt = performance.now();
      try {
        if (model.runner.kind !== 'embed')
          throw notHere('model', 'this model answers chats and gives no vectors');
        const { run } = model.runner;
        const { pooling = 'mean' } = config;
        const vectors: Float32Array[] = [];
        // One at a time: a batch is padded to its longest text, and an abort is heard between them.
        for (const text of texts) {
          if (signal.aborted) throw new NearfarError('aborted', 'It was aborted.');
          const [vector = []] = (
            await run([text], { pooling: pooling === 'last' ? 'last_token' : pooling })
          ).tolist();
          vectors.push(unitVector(vector, task.dimensions));
        }
        const prefillMs = performance.now() - startedAt;
        return {
          model: model.model.id,
          grade: model.model.grade,
          pooling,
          output: { kind: 'vectors', vectors, truncatedCount: 0 },
          promptTokenCount: texts.reduce((sum, text) => sum + run.tokenizer.encode(text).length, 0),
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
      end();
      return promptTokens(model.runner.run, messages).length;
    },
    async dispose() {
      const old = loaded;
      loaded = null;
      load.reset();
      old?.leave();
      await old?.runner.run.dispose();
    },
  };
}

/** @throws NearfarError `unsupported` */
function checkCarried(request: ChatRequest): void {
  const { toolUse } = requireChat(request);
  if (toolUse !== undefined) throw notHere('tools', 'this model calls no tools');
  if (request.outputFormat.type !== 'text')
    throw notHere(request.outputFormat.field, 'this model is held to no form while it writes');
  if (request.topLogprobCount !== null) throw notHere('logprobs', 'this model does not tell them');
  if (request.sampling.seed !== null && request.sampling.temperature > 0)
    throw notHere('seed', 'this model draws what cannot be drawn again; temperature 0 is reproducible');
}

function promptTokens(run: LoadedPipeline['runner']['run'], messages: readonly object[]): readonly number[] {
  return run.tokenizer.apply_chat_template(messages, {
    tokenize: true,
    add_generation_prompt: true,
    return_tensor: false,
    return_dict: false,
  });
}

function generate(
  library: TransformersLibrary,
  run: TextGeneration,
  request: ChatRequest,
  queueMs: number,
  model: PageModel,
): { readonly parts: AsyncIterable<ChatPart>; readonly done: Promise<void>; readonly interrupt: () => void } {
  const { sampling, stop, maxTokenCount } = request;
  const messages = wireMessages(requireChat(request));
  const promptTokenCount = promptTokens(run, messages).length;
  const context = run.model.config['max_position_embeddings'];
  const room = typeof context === 'number' ? context - promptTokenCount : null;
  if (room !== null && room <= 0) {
    throw new NearfarError(
      'context_overflow',
      `The prompt has ${promptTokenCount} tokens, and the model takes ${promptTokenCount + room}.`,
      { field: 'messages' },
    );
  }
  const limit = Math.min(maxTokenCount ?? Infinity, room ?? Infinity, 100_000);
  const queue = createPartQueue<ChatPart>();
  const scanner = createStopText(stop);
  const brake = new library.InterruptableStoppingCriteria();
  const startedAt = performance.now();
  let firstTokenAt: number | null = null;
  let completionTokenCount = 0;
  const show = (text: string): void => {
    if (text !== '') queue.push({ type: 'text-delta', choice: 0, text });
  };
  const streamer = new library.TextStreamer(run.tokenizer, {
    skip_prompt: true,
    skip_special_tokens: true,
    callback_function: (text: string) => {
      show(scanner.push(text));
      if (scanner.hit !== null) brake.interrupt();
    },
    token_callback_function: (tokens: readonly unknown[]) => {
      firstTokenAt ??= performance.now();
      completionTokenCount += tokens.length;
    },
  });
  queue.push({ type: 'start', model: model.id, grade: model.grade, promptTokenCount, cachedTokenCount: 0 });
  const done = run(messages, {
    max_new_tokens: limit,
    do_sample: sampling.temperature > 0,
    ...(sampling.temperature > 0
      ? {
          temperature: sampling.temperature,
          top_p: sampling.topP,
          ...(sampling.topK > 0 ? { top_k: sampling.topK } : {}),
        }
      : {}),
    ...(sampling.repetitionPenalty === 1 ? {} : { repetition_penalty: sampling.repetitionPenalty }),
    streamer,
    stopping_criteria: brake,
  }).then(
    () => {
      if (scanner.hit === null) show(scanner.end());
      const endedAt = performance.now();
      const readAt = firstTokenAt ?? endedAt;
      const reason: FinishReason =
        scanner.hit !== null ? 'stop_sequence' : completionTokenCount >= limit ? 'length' : 'stop';
      queue.push({
        type: 'choice-end',
        choice: 0,
        reason,
        ...(scanner.hit === null ? {} : { stopSequence: scanner.hit }),
      });
      queue.push({
        type: 'finish',
        usage: { promptTokenCount, cachedTokenCount: 0, completionTokenCount },
        timings: {
          queueMs,
          prefillMs: readAt - startedAt,
          decodeMs: endedAt - readAt,
          totalMs: queueMs + endedAt - startedAt,
        },
      });
      queue.end();
    },
    (thrown: unknown) => {
      queue.end(thrown instanceof Error ? thrown : new Error(String(thrown)));
    },
  );
  return {
    parts: queue.read(),
    done,
    interrupt: () => {
      brake.interrupt();
      // Only heard where the generation is still at it.
      queue.end();
    },
  };
}
