import type { InstalledModel } from './store.ts';

export interface DiscoveryFolders {
  /** Ollama's `models` folder, with `manifests` and `blobs`. */
  readonly ollama: string | null;
  /** LM Studio's `models` folder: owner/repo/file.gguf. */
  readonly lmStudio: string | null;
  /** The Hugging Face cache's `hub` folder. */
  readonly huggingFace: string | null;
}

export async function discoverModels(
  _folders: DiscoveryFolders,
  _cachePath: string,
): Promise<readonly InstalledModel[]> {
  return Promise.resolve([]);
}
