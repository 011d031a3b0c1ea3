import type { ModelSource } from '../downloads/page-model.ts';

export interface WllamaOptions {
  /** The model: the same GGUF files as the gateway's. */
  readonly source: ModelSource;
  /**
   * Address of `@wllama/wllama/esm/wasm/wllama.wasm`, of the same version as the package, on the page's own server. It is kept
   * beside the models, so that it is there offline.
   */
  readonly wasmUrl: string;
  /** Tokens of context, prompt and answer together. @default 4096, or what the model has if that is less */
  readonly contextTokenCount?: number;
  /**
   * Threads that compute, where the page is cross-origin isolated; elsewhere there is one.
   * @default all logical processors but one, at most 8
   */
  readonly threadCount?: number;
  /** Whether WebGPU computes where there is a real adapter. A software one is never used by `auto`. @default 'auto' */
  readonly gpu?: 'auto' | 'always' | 'off';
  /** The model answers no chats; its vectors are wanted. @default false */
  readonly embeddings?: boolean;
  /** Bytes that the files of all models of this origin may take together. @default as many as the browser gives */
  readonly budgetBytes?: number;
  /**
   * Starts the worker, where a bundler does not find it by itself.
   * @default `new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })`
   */
  readonly createWorker?: () => Worker;
}

/** What the worker is told: the options without what cannot be sent. */
export type WllamaConfig = Omit<WllamaOptions, 'createWorker'>;

/** @param trainedTokenCount null: not known before it is loaded */
export function contextOf(
  { contextTokenCount = 4096 }: Pick<WllamaConfig, 'contextTokenCount'>,
  trainedTokenCount: number | null,
): number {
  return Math.min(contextTokenCount, trainedTokenCount ?? contextTokenCount);
}

/** Tabs share a model only where they load it alike. */
export function keyOfConfig({
  source,
  embeddings,
  contextTokenCount,
  gpu,
  threadCount,
}: WllamaConfig): string {
  return ['wllama', source.model, embeddings === true, contextTokenCount, gpu, threadCount].join(' ');
}
