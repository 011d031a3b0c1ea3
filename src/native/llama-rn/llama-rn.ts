import type { BackendSource } from '../../browser/backend.ts';
import type { ChatInput } from '../../chat/request.ts';
import { NearfarError } from '../../chat/error.ts';
import { nativeBackend } from '../native-backend.ts';
import type { NativeModel } from '../native-model.ts';
import { optionalModule } from '../optional-module.ts';
import { completionParams, endOf, messagesFor } from './completion.ts';
import type { LlamaFile } from './llama-file.ts';
import type { LlamaContext, LlamaRn } from './llama-rn-module.ts';

export interface LlamaRnOptions {
  /** Path of a GGUF file on the device, or a file that may have to be fetched first. */
  readonly model: string | LlamaFile;
  /** What answers and listings call it. @default the file's name, without `.gguf` */
  readonly id?: string;
  /** @default 'llama.rn' */
  readonly name?: string;
  /** In tokens; memory grows with it. @default 4096 */
  readonly contextTokenCount?: number;
  /** Layers on the GPU: Metal on iOS, OpenCL on some Android devices. @default 99 */
  readonly gpuLayerCount?: number;
  /** `embeddings`: the file is an embedding model, and answers nothing. @default 'chat' */
  readonly task?: 'chat' | 'embeddings';
}

/**
 * llama.cpp on the device through `llama.rn`: the same GGUF files as the gateway's.
 * @param given the package, or what imports it: `() => import('llama.rn')`
 */
export function llamaRn(
  given: LlamaRn | (() => Promise<LlamaRn>),
  options: LlamaRnOptions,
): BackendSource<'machine'> {
  return nativeBackend(options.name ?? 'llama.rn', async () =>
    modelOf(await optionalModule(given, 'llama.rn'), options),
  );
}

function modelOf(
  module: LlamaRn,
  {
    model: given,
    id,
    name = 'llama.rn',
    contextTokenCount = 4096,
    gpuLayerCount = 99,
    task = 'chat',
  }: LlamaRnOptions,
): NativeModel {
  const file: LlamaFile =
    typeof given === 'string'
      ? { sizeBytes: null, find: () => Promise.resolve(given), fetch: () => Promise.resolve(given) }
      : given;
  const modelId = id ?? (typeof given === 'string' ? nameOf(given) : name);
  let context: LlamaContext | null = null;

  async function open(
    tell: (progress: number) => void,
    path: string,
    signal: AbortSignal,
  ): Promise<LlamaContext> {
    const made = await module.initLlama(
      {
        model: path,
        n_ctx: contextTokenCount,
        n_gpu_layers: gpuLayerCount,
        ...(task === 'embeddings' ? { embedding: true } : {}),
      },
      tell,
    );
    if (!signal.aborted) return made;
    // It cannot be broken off: what nobody waits for any more is freed when it is there.
    await made.release();
    throw new Error('INFERENCE_CANCELLED');
  }

  function opened(): LlamaContext {
    if (context === null) throw new NearfarError('unavailable', 'The model is not loaded.');
    return context;
  }

  async function load(tell: Parameters<NativeModel['load']>[0], signal: AbortSignal): Promise<void> {
    if (context !== null) return;
    let path = await file.find();
    const share = path === null ? 0.9 : 0;
    path ??= await file.fetch(({ fraction, ...bytes }) => {
      tell({ phase: 'download', ...bytes, fraction: fraction * share });
    }, signal);
    context = await open(
      (progress) => {
        tell({
          phase: 'load',
          loadedBytes: null,
          totalBytes: null,
          fraction: share + (1 - share) * Math.min(progress / 100, 1),
        });
      },
      path,
      signal,
    );
  }

  return {
    name,
    boundsTokens: true,
    isConcurrent: false,
    async detect() {
      const path = context === null ? await file.find() : '';
      const jinja = context?.model.chatTemplates?.jinja;
      return {
        state: context !== null ? 'ready' : path !== null ? 'downloaded' : 'downloadable',
        model: modelId,
        downloadBytes: path !== null ? 0 : file.sizeBytes,
        can: {
          streaming: true,
          schema: true,
          // Before it is loaded nobody knows its template.
          tools: jinja?.toolUse === true || jinja?.defaultCaps?.tools === true,
          images: false,
          audio: false,
          embeddings: task === 'embeddings',
          chat: task === 'chat',
          tokenCounts: 'exact',
          contextTokenCount,
        },
        note: null,
      };
    },
    load,
    async generate(request, say, signal) {
      // A file that is here is loaded; one that is not is fetched by `prepare` only.
      if (context === null && (await file.find()) === null) {
        throw new NearfarError('unavailable', `${modelId} is not on this device: call prepare().`);
      }
      await load(() => undefined, signal);
      const used = opened();
      const params = completionParams(request);
      const stop = (): void => {
        void used.stopCompletion().catch(() => undefined);
      };
      if (signal.aborted) throw new Error('INFERENCE_CANCELLED');
      signal.addEventListener('abort', stop);
      const said = { content: '', reasoning: '' };
      try {
        const result = await used.completion(params, (data) => {
          if (signal.aborted) return;
          if (data.content === undefined && data.reasoning_content === undefined) {
            say({ type: 'text', text: data.token });
            said.content += data.token;
            return;
          }
          const reasoning = grown(said.reasoning, data.reasoning_content);
          if (reasoning !== '') say({ type: 'reasoning', text: reasoning });
          said.reasoning += reasoning;
          const content = grown(said.content, data.content);
          if (content !== '') say({ type: 'text', text: content });
          said.content += content;
        });
        // What the parser held back until it knew what it was.
        const rest = grown(said.content, result.content ?? undefined);
        if (rest !== '') say({ type: 'text', text: rest });
        for (const [index, call] of (result.tool_calls ?? []).entries()) {
          const { name: tool, arguments: text } = call.function;
          say({ type: 'tool-call', id: call.id ?? `call_${String(index)}`, name: tool, arguments: text });
        }
        return endOf(result, request.stop);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    async embed(texts, _request, signal) {
      await load(() => undefined, signal);
      const used = opened();
      const vectors: (readonly number[])[] = [];
      for (const text of texts) {
        if (signal.aborted) throw new Error('INFERENCE_CANCELLED');
        vectors.push((await used.embedding(text)).embedding);
      }
      return { vectors, pooling: 'mean', promptTokenCount: null };
    },
    async countTokens(input: ChatInput) {
      const used = opened();
      if (input.kind === 'tokens') return input.tokens.length;
      const text =
        input.kind === 'text'
          ? input.text
          : (await used.getFormattedChat([...messagesFor(input)], null, { jinja: true })).prompt;
      return (await used.tokenize(text)).tokens.length;
    },
    async dispose() {
      const used = context;
      context = null;
      await used?.release();
    },
  };
}

/** What stands behind what was said already; where a parser took something back, nothing until it has grown past it. */
function grown(said: string, now: string | undefined): string {
  return now === undefined || now.length <= said.length ? '' : now.slice(said.length);
}

function nameOf(path: string): string {
  return (
    path
      .split('/')
      .at(-1)
      ?.replace(/\.gguf$/i, '') ?? path
  );
}
