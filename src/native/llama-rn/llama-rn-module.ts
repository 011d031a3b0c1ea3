/** What `llama.rn` (MIT) exports, as far as it is used, as its version 0.12.9 declares it (src/index.ts, src/types.ts). */
export interface LlamaRn {
  /** @param onProgress with 0 to 100 */
  initLlama(params: LlamaContextParams, onProgress?: (progress: number) => void): Promise<LlamaContext>;
}

export interface LlamaContextParams {
  /** Path or `file://` address of a GGUF file on the device. */
  model: string;
  n_ctx?: number;
  n_gpu_layers?: number;
  n_threads?: number;
  embedding?: boolean;
  pooling_type?: 'none' | 'mean' | 'cls' | 'last' | 'rank';
}

export interface LlamaContext {
  readonly model: {
    readonly chatTemplates?: {
      readonly jinja?: {
        readonly default?: boolean;
        readonly defaultCaps?: { readonly tools?: boolean };
        readonly toolUse?: boolean;
      };
    };
  };
  /** One at a time: another one is refused (`Context is busy`). Settles early, `interrupted`, after `stopCompletion`. */
  completion(
    params: LlamaCompletionParams,
    onToken?: (data: LlamaTokenData) => void,
  ): Promise<LlamaCompletionResult>;
  stopCompletion(): Promise<void>;
  getFormattedChat(
    messages: LlamaMessage[],
    template?: string | null,
    params?: { readonly jinja?: boolean; readonly tools?: object },
  ): Promise<{ readonly prompt: string }>;
  tokenize(text: string): Promise<{ readonly tokens: number[] }>;
  embedding(text: string, params?: { readonly embd_normalize?: number }): Promise<{ embedding: number[] }>;
  release(): Promise<void>;
}

export interface LlamaMessage {
  role: string;
  content?: string;
  tool_calls?: object;
  tool_call_id?: string;
  name?: string;
}

export interface LlamaCompletionParams {
  messages?: LlamaMessage[];
  prompt?: string;
  jinja?: boolean;
  tools?: object;
  tool_choice?: string;
  response_format?: {
    type: 'text' | 'json_object' | 'json_schema';
    json_schema?: { strict?: boolean; schema: object };
  };
  /** `auto`: what the model thinks is kept apart from what it says. */
  reasoning_format?: 'none' | 'auto' | 'deepseek';
  n_predict?: number;
  stop?: string[];
  temperature?: number;
  top_k?: number;
  top_p?: number;
  min_p?: number;
  typical_p?: number;
  penalty_repeat?: number;
  penalty_freq?: number;
  penalty_present?: number;
  penalty_last_n?: number;
  seed?: number;
}

export interface LlamaTokenData {
  readonly token: string;
  /** All that was said and thought so far, where the template's parser knows. */
  readonly content?: string;
  readonly reasoning_content?: string;
}

export interface LlamaCompletionResult {
  readonly content?: string;
  readonly text: string;
  readonly tool_calls?: readonly {
    readonly id?: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly tokens_predicted: number;
  readonly tokens_evaluated: number;
  readonly tokens_cached?: number;
  readonly stopped_word?: string | boolean;
  readonly stopping_word?: string;
  readonly stopped_limit?: number | boolean;
  readonly context_full?: boolean;
  readonly interrupted?: boolean;
}
