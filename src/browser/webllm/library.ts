import type { Chunk } from '../worker/chunk-reader.ts';
import { loadLibrary } from '../worker/library.ts';
import type { WebLlmRecord } from './config.ts';

/** The part of WebLLM 0.2 that is used, by its types and documentation. */
export interface WebLlmLibrary {
  readonly MLCEngine: new (config: {
    readonly appConfig?: { readonly model_list: readonly WebLlmRecord[] };
    readonly initProgressCallback: (report: { readonly progress: number; readonly text: string }) => void;
    readonly logLevel: string;
  }) => WebLlmRunner;
}

export interface WebLlmRunner {
  reload(modelId: string): Promise<void>;
  unload(): Promise<void>;
  interruptGenerate(): Promise<void> | void;
  chatCompletion(request: object): Promise<AsyncIterable<Chunk>>;
}

export function loadWebLlm(): Promise<WebLlmLibrary> {
  return loadLibrary('@mlc-ai/web-llm', async () => {
    const library: unknown = await import('@mlc-ai/web-llm');
    return library as WebLlmLibrary;
  });
}
