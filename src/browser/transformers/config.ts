import type { ModelSource } from '../downloads/page-model.ts';

export interface TransformersOptions {
  /** The model's files with their paths in its repository: config.json, tokenizer.json, onnx/model_quantized.onnx, ... */
  readonly source: ModelSource;
  readonly task: 'chat' | 'embed';
  /**
   * Address of onnxruntime-web's `dist/ort-wasm-simd-threaded.asyncify.wasm`, of the version that Transformers.js depends on, on
   * the page's own server. It is kept beside the models, so that it is there offline.
   */
  readonly wasmUrl: string;
  /** Which of the weights, by Transformers.js's names: `q8` is model_quantized.onnx, `q4f16`, `fp32`, ... @default 'q8' */
  readonly dtype?: string;
  /** `auto`: WebGPU where there is a real adapter, else WebAssembly. @default 'auto' */
  readonly device?: 'auto' | 'webgpu' | 'wasm';
  /** Of vectors: the mean of the tokens, or the first or last one's. @default 'mean' */
  readonly pooling?: 'mean' | 'cls' | 'last';
  /** Tokens of context, where it is known. @default what config.json says, once it is loaded */
  readonly contextTokenCount?: number;
  /** Threads that compute, where the page is cross-origin isolated. @default all logical processors but one, at most 8 */
  readonly threadCount?: number;
  /** Bytes that the files of all models of this origin may take together. @default as many as the browser gives */
  readonly budgetBytes?: number;
  /**
   * Starts the worker, where a bundler does not find it by itself.
   * @default `new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })`
   */
  readonly createWorker?: () => Worker;
}

/** What the worker is told: the options without what cannot be sent. */
export type TransformersConfig = Omit<TransformersOptions, 'createWorker'>;

/** Tabs share a model only where they load it alike. */
export function keyOfConfig({ source, task, dtype, device, threadCount }: TransformersConfig): string {
  return ['transformers', source.model, task, dtype, device, threadCount].join(' ');
}
