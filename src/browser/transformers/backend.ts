import type { Backend } from '../backend.ts';
import { absoluteSource } from '../downloads/page-model.ts';
import { createModelDetector } from '../worker/detect-model.ts';
import { workerBackend } from '../worker/worker-backend.ts';
import { keyOfConfig, type TransformersConfig, type TransformersOptions } from './config.ts';

export function openTransformers({ createWorker, ...config }: TransformersOptions): Backend<'machine'> {
  const chats = config.task === 'chat';
  return workerBackend<TransformersConfig>({
    name: 'transformers',
    config: {
      ...config,
      wasmUrl: new URL(config.wasmUrl, document.baseURI).href,
      source: absoluteSource(config.source),
    },
    createWorker:
      createWorker ??
      (() =>
        new Worker(new URL('./worker.js', import.meta.url), {
          type: 'module',
          name: 'nearfar-transformers',
        })),
    detect: createModelDetector({
      source: absoluteSource(config.source),
      key: keyOfConfig(config),
      missing: typeof WebAssembly === 'object' ? null : 'This browser runs no WebAssembly.',
      can: (model) => ({
        streaming: true,
        schema: false,
        tools: false,
        images: false,
        audio: false,
        embeddings: !chats,
        chat: chats,
        tokenCounts: chats ? 'exact' : 'none',
        contextTokenCount: config.contextTokenCount ?? model.contextTokenCount,
      }),
    }),
    has: { embeddings: !chats, tokenCounts: chats },
  });
}
