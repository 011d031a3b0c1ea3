import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderPrefixOf } from '../engine/disk-tier/folder-name.ts';
import { curvePathOf, draftCurvePathOf } from './curve-path.ts';

/** Where prefixes of all models are kept on disk. */
export function kvFolderOf(home: string): string {
  return join(home, 'kv');
}

/**
 * Removes what the use of a model left beside its files and nobody else can use: measured costs, and saved prefixes.
 * Call it while the files are there: they tell which prefixes are theirs.
 */
export async function removeTraces(
  home: string,
  model: { readonly id: string; readonly files: readonly string[] },
): Promise<void> {
  const paths = [curvePathOf(home, model.id), draftCurvePathOf(home, model.id)];
  const saved = await readdir(kvFolderOf(home)).catch(() => []);
  for (const file of model.files) {
    const prefix = prefixOf(file);
    if (prefix === null) continue;
    for (const name of saved) if (name.startsWith(prefix)) paths.push(join(kvFolderOf(home), name));
  }
  for (const path of paths) await rm(path, { recursive: true, force: true });
}

/** `null` for a file that is gone. */
function prefixOf(file: string): string | null {
  try {
    return folderPrefixOf(file);
  } catch {
    return null;
  }
}
