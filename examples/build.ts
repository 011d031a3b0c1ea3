import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { rolldown } from 'rolldown';

/** Examples that can be built. */
export const examples = ['page', 'extension'] as const;
export type Example = (typeof examples)[number];

const root = path.resolve(import.meta.dirname, '..');
/** In this repository the sources stand for the package; an app of its own just imports it. */
const alias = Object.fromEntries(
  ['browser', 'element', 'react', 'native'].map((name) => [
    `nearfar/${name}`,
    path.join(root, 'src', name, 'index.ts'),
  ]),
);

/**
 * Bundles the TypeScript of an example and copies the rest of it.
 * @param folder is made anew
 */
export async function buildExample(example: Example, folder: string): Promise<void> {
  const source = path.join(import.meta.dirname, example);
  const files = await readdir(source);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const entries = files.filter((file) => file.endsWith('.ts'));
  // Bundlers that find workers by themselves (Vite, for instance) need not be told of them.
  const workers =
    example === 'page' ? { 'wllama-worker': path.join(root, 'src/browser/wllama/worker.ts') } : {};
  const bundle = await rolldown({
    input: {
      ...Object.fromEntries(entries.map((file) => [file.replace(/\.ts$/, ''), path.join(source, file)])),
      ...workers,
    },
    platform: 'browser',
    resolve: { alias },
    // The optional peers that an example does not use.
    external: ['@mlc-ai/web-llm', '@huggingface/transformers'],
    onLog(level, log, report) {
      // The element loads the client when it needs it; this page has it anyway.
      if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') report(level, log);
    },
  });
  try {
    await bundle.write({ dir: folder, format: 'esm', minify: true });
  } finally {
    await bundle.close();
  }
  for (const file of files) {
    if (!file.endsWith('.ts')) await cp(path.join(source, file), path.join(folder, file));
  }
  if (example === 'page') {
    const wasm = 'node_modules/@wllama/wllama/esm/wasm/wllama.wasm';
    await cp(path.join(root, wasm), path.join(folder, 'wllama.wasm'));
  }
}
