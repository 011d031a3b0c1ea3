import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Keeps the page's own files for times without a network, as pages do that work offline. The models are not its business. */
const serviceWorker = `
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== 'GET' || !pathname.startsWith('/pages/')) return;
  event.respondWith(caches.open('page').then(async (cache) => {
    try {
      const response = await fetch(event.request);
      if (response.ok) await cache.put(event.request, response.clone());
      return response;
    } catch {
      return (await cache.match(event.request)) ?? Response.error();
    }
  }));
});
`;

export interface PageBuild {
  /** The page's script, relative to the repository. */
  readonly script: string;
  /** Folder of packages with Transformers.js; null: its worker is not built. */
  readonly transformers: string | null;
}

/** Writes a page into a folder: index.html, page.js, the workers of all backends, and their WebAssembly. */
export async function buildPage(folder: string, { script, transformers }: PageBuild): Promise<void> {
  const bundle = await rolldown({
    input: {
      page: join(root, script),
      'wllama-worker': join(root, 'src/browser/wllama/worker.ts'),
      'webllm-worker': join(root, 'src/browser/webllm/worker.ts'),
      ...(transformers === null
        ? {}
        : { 'transformers-worker': join(root, 'src/browser/transformers/worker.ts') }),
    },
    platform: 'browser',
    external: transformers === null ? ['@huggingface/transformers'] : [],
    ...(transformers === null ? {} : { resolve: { modules: ['node_modules', transformers] } }),
    onLog: () => undefined,
  });
  try {
    const names = { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' };
    await bundle.write({ dir: folder, format: 'esm', ...names });
  } finally {
    await bundle.close();
  }
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><meta charset="utf-8"><title>nearfar</title><script type="module" src="page.js"></script>',
  );
  writeFileSync(join(folder, 'service-worker.js'), serviceWorker);
  copyFileSync(join(root, 'node_modules/@wllama/wllama/esm/wasm/wllama.wasm'), join(folder, 'wllama.wasm'));
  if (transformers !== null) {
    const name = 'ort-wasm-simd-threaded.asyncify.wasm';
    copyFileSync(join(transformers, 'onnxruntime-web/dist', name), join(folder, 'ort.wasm'));
  }
}
