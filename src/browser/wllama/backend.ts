import type { Backend } from '../backend.ts';
import { absoluteSource } from '../downloads/page-model.ts';
import { createModelDetector } from '../worker/detect-model.ts';
import { workerBackend } from '../worker/worker-backend.ts';
import { contextOf, keyOfConfig, type WllamaConfig, type WllamaOptions } from './config.ts';

export function openWllama({ createWorker, ...config }: WllamaOptions): Backend<'machine'> {
  const embeds = config.embeddings === true;
  return workerBackend<WllamaConfig>({
    name: 'wllama',
    // Addresses are read by a worker, whose own address is another.
    config: {
      ...config,
      wasmUrl: new URL(config.wasmUrl, document.baseURI).href,
      source: absoluteSource(config.source),
    },
    createWorker:
      createWorker ??
      (() => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'nearfar-wllama' })),
    detect: createModelDetector({
      source: absoluteSource(config.source),
      key: keyOfConfig(config),
      missing: typeof WebAssembly === 'object' ? null : 'This browser runs no WebAssembly.',
      can: (model) => ({
        streaming: true,
        schema: true,
        tools: true,
        images: false,
        audio: false,
        embeddings: embeds,
        chat: !embeds,
        tokenCounts: embeds ? 'none' : 'exact',
        contextTokenCount: contextOf(config, model.contextTokenCount),
      }),
    }),
    has: { embeddings: embeds, tokenCounts: !embeds },
  });
}
