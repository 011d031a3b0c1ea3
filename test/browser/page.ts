import { createNear, pageEnvironment } from '../../src/browser/index.ts';
import { opfsDisk } from '../../src/browser/downloads/disk.ts';
import { createFileStore } from '../../src/browser/downloads/file-store.ts';
import { transformers } from '../../src/browser/transformers/source.ts';
import { webLlm } from '../../src/browser/webllm/source.ts';
import { wllama } from '../../src/browser/wllama/source.ts';
import type { WllamaOptions } from '../../src/browser/wllama/config.ts';
import type { TransformersOptions } from '../../src/browser/transformers/config.ts';
import type { WebLlmOptions } from '../../src/browser/webllm/config.ts';
import type { BackendSource } from '../../src/browser/backend.ts';

/** What tests find in the page: the real client, with workers where the bundle has them. */
const worker = (name: string) => (): Worker => new Worker(`/pages/${name}-worker.js`, { type: 'module' });

const testing = {
  createNear,
  pageEnvironment,
  wllama: (options: Omit<WllamaOptions, 'wasmUrl'>): BackendSource<'machine'> =>
    wllama({ ...options, wasmUrl: '/pages/wllama.wasm', createWorker: worker('wllama') }),
  transformers: (options: Omit<TransformersOptions, 'wasmUrl'>): BackendSource<'machine'> =>
    transformers({ ...options, wasmUrl: '/pages/ort.wasm', createWorker: worker('transformers') }),
  webLlm: (options: WebLlmOptions): BackendSource<'machine'> =>
    webLlm({ ...options, createWorker: worker('webllm') }),
  keptFiles: () => createFileStore({ disk: opfsDisk() }).kept(),
};

export type PageTesting = typeof testing;

declare global {
  interface Window {
    testing: PageTesting;
    /** Kept between the steps of one test. */
    near: ReturnType<typeof createNear>;
  }
}

window.testing = testing;
