import { rm } from 'node:fs/promises';
import type { LoadOptions } from '../protocol.ts';
import { createDiskThread, type DiskThread } from './disk-thread.ts';
import { folderNameOf } from './folder-name.ts';
import { openSecret } from './secret.ts';

/** The disk tier of one loaded model; `null` where it is off or cannot be had. A cache is no reason not to answer. */
export function openDiskTier(
  options: Pick<LoadOptions, 'modelPath' | 'kvType' | 'hostCacheBytes' | 'diskCache'>,
  library: { readonly version: string; readonly backend: string },
  warn: (text: string) => void,
): DiskThread | null {
  const { diskCache, hostCacheBytes, modelPath, kvType } = options;
  if (diskCache === null) return null;
  const { root, budgetBytes } = diskCache;
  if (budgetBytes === 0) {
    // The budget holds for what is there already.
    rm(root, { recursive: true, force: true }).catch((error: unknown) => {
      warn(`${root} cannot be removed: ${String(error)}`);
    });
    return null;
  }
  // Everything on its way to the disk and back passes through host memory.
  if (hostCacheBytes === 0) return null;
  try {
    const name = folderNameOf({
      modelPath,
      kvType,
      libraryVersion: library.version,
      backend: library.backend,
    });
    return createDiskThread({ root, name, secret: openSecret(root), budgetBytes, warn });
  } catch (thrown) {
    warn(
      `Prefixes are not kept on disk under ${root}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
    return null;
  }
}
