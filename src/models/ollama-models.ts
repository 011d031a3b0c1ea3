import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { readJson } from './file-digest.ts';
import type { FoundFile } from './discovery.ts';

/** Ollama's image manifest, as far as it matters here. */
const manifestSchema = z.object({
  layers: z.array(z.object({ mediaType: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) })),
});

const modelMediaType = 'application/vnd.ollama.image.model';
const mostModels = 1_000;

async function foldersIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** `registry.ollama.ai/library/llama3.2/3b` -> `llama3.2:3b`, as `ollama list` names it. */
function nameOf(host: string, namespace: string, model: string, tag: string): string {
  const name = tag === 'latest' ? model : `${model}:${tag}`;
  const isUsual = host.startsWith('registry.') && namespace === 'library';
  return (isUsual ? name : `${namespace}/${name}`).toLowerCase();
}

/**
 * Ollama keeps manifests/HOST/NAMESPACE/MODEL/TAG, each naming blobs/sha256-HEX; the blob of the model layer is
 * a GGUF.
 */
export async function ollamaModels(folder: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  const manifests = join(folder, 'manifests');
  for (const host of await foldersIn(manifests)) {
    for (const namespace of await foldersIn(join(manifests, host))) {
      for (const model of await foldersIn(join(manifests, host, namespace))) {
        const at = join(manifests, host, namespace, model);
        for (const tag of (await readdir(at).catch(() => [])).sort()) {
          if (found.length >= mostModels) return found;
          const parsed = manifestSchema.safeParse(await readJson(join(at, tag)).catch(() => null));
          const layers = parsed.success
            ? parsed.data.layers.filter((layer) => layer.mediaType === modelMediaType)
            : [];
          const layer = layers[0];
          // More than one model layer is a split or multimodal image, which cannot be loaded as one file.
          if (layer === undefined || layers.length > 1) continue;
          const path = join(folder, 'blobs', layer.digest.replace(':', '-'));
          const id = nameOf(host, namespace, model, tag);
          const sha256 = layer.digest.slice('sha256:'.length);
          found.push({ id, path, files: [path], reference: `ollama:${id}`, owner: 'ollama', sha256 });
        }
      }
    }
  }
  return found;
}
