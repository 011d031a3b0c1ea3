import type { ChatBody } from './chat-body.ts';
import type { CallOptions, Near } from './near.ts';

/** The calls themselves are a chunk of their own. */
export function openAiFacade(near: Near): OpenAiFacade {
  const calls = () => import('./openai-calls.ts');
  const create = async (body: ChatBody, options?: CallOptions): Promise<Completion | CompletionStream> =>
    (await calls()).createCompletion(near, body, options);
  return {
    chat: { completions: { create: create as CreateCompletion } },
    embeddings: {
      create: async (body, options) => (await calls()).createEmbeddings(near, body, options),
    },
    models: { list: async () => (await calls()).listModels(near) },
  };
}

/** What code written for the `openai` package calls. Requests take the same way as `near.chat`. */
export interface OpenAiFacade {
  readonly chat: { readonly completions: { readonly create: CreateCompletion } };
  readonly embeddings: {
    create(
      body: { readonly model?: string; readonly input: string | readonly string[] },
      options?: CallOptions,
    ): Promise<EmbeddingList>;
  };
  readonly models: { list(): Promise<ModelList> };
}

export interface CreateCompletion {
  (body: ChatBody & { readonly stream: true }, options?: CallOptions): Promise<CompletionStream>;
  (body: ChatBody & { readonly stream?: false | null }, options?: CallOptions): Promise<Completion>;
}

/** As the package's `Stream`: leaving the loop or `controller.abort()` ends the generation. */
export interface CompletionStream extends AsyncIterable<CompletionChunk> {
  readonly controller: AbortController;
}

export interface CompletionUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export type CompletionFinish = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export interface CompletionToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface Completion {
  readonly id: string;
  readonly object: 'chat.completion';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly {
    readonly index: number;
    readonly message: {
      readonly role: 'assistant';
      readonly content: string | null;
      readonly refusal: null;
      readonly tool_calls?: readonly CompletionToolCall[];
    };
    readonly logprobs: null;
    readonly finish_reason: CompletionFinish;
  }[];
  readonly usage: CompletionUsage;
}

export interface CompletionChunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly {
    readonly index: number;
    readonly delta: {
      readonly role?: 'assistant';
      readonly content?: string;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly type?: 'function';
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
    readonly finish_reason: CompletionFinish | null;
  }[];
  /** Only with `stream_options.include_usage`: null but in the last chunk. */
  readonly usage?: CompletionUsage | null;
}

export interface EmbeddingList {
  readonly object: 'list';
  readonly model: string;
  readonly data: readonly {
    readonly object: 'embedding';
    readonly index: number;
    readonly embedding: readonly number[];
  }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

export interface ModelList {
  readonly object: 'list';
  readonly data: readonly {
    readonly id: string;
    readonly object: 'model';
    readonly created: number;
    readonly owned_by: string;
  }[];
}
