import type { Disk } from '../downloads/disk.ts';
import { sha256OfText } from '../downloads/sha256.ts';

/**
 * WebLLM keeps its files itself, in pieces and under its own names. That a model was loaded once on this device is written
 * down beside the other downloads, so that a look does not need the library.
 */
export async function wasLoaded(disk: Pick<Disk, 'size'>, modelId: string): Promise<boolean> {
  return (await disk.size(markOf(modelId))) !== null;
}

export async function markLoaded(disk: Pick<Disk, 'openWriter'>, modelId: string): Promise<void> {
  (await disk.openWriter(markOf(modelId))).close();
}

function markOf(modelId: string): string {
  return `webllm-${sha256OfText(modelId)}.loaded`;
}
