import { loadLibrary } from '../worker/library.ts';

/** The part of Transformers.js 4 that is used, by its documentation; the package itself is an optional peer. */
export interface TransformersLibrary {
  readonly env: {
    allowLocalModels: boolean;
    allowRemoteModels: boolean;
    useBrowserCache: boolean;
    useWasmCache: boolean;
    remoteHost: string;
    remotePathTemplate: string;
    logLevel: number;
    fetch: (url: string | URL) => Promise<Response>;
    readonly backends: {
      readonly onnx: {
        readonly wasm?: {
          numThreads?: number;
          wasmBinary?: ArrayBuffer;
          proxy?: boolean;
          wasmPaths?: unknown;
        };
      };
    };
  };
  pipeline(task: 'feature-extraction', model: string, options: object): Promise<FeatureExtraction>;
  pipeline(task: 'text-generation', model: string, options: object): Promise<TextGeneration>;
  readonly TextStreamer: new (tokenizer: Tokenizer, options: object) => object;
  readonly InterruptableStoppingCriteria: new () => { interrupt(): void };
}

export interface Tokenizer {
  encode(text: string): readonly number[];
  apply_chat_template(messages: readonly object[], options: object): readonly number[];
}

export interface FeatureExtraction {
  readonly tokenizer: Tokenizer;
  (texts: readonly string[], options: object): Promise<{ tolist(): readonly (readonly number[])[] }>;
  dispose(): Promise<void>;
}

export interface TextGeneration {
  readonly tokenizer: Tokenizer;
  readonly model: { readonly config: Readonly<Record<string, unknown>> };
  (messages: readonly object[], options: object): Promise<unknown>;
  dispose(): Promise<void>;
}

export function loadTransformers(): Promise<TransformersLibrary> {
  return loadLibrary('@huggingface/transformers', async () => {
    // @ts-expect-error: too large (onnxruntime, sharp) to stand among everybody's development dependencies
    const library: unknown = await import('@huggingface/transformers');
    return library as TransformersLibrary;
  });
}
