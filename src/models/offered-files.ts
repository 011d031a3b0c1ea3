import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { sha256OfFile } from './file-digest.ts';
import type { InstalledModel } from './store.ts';

/** A file of a model, as whoever loads it elsewhere must know it. */
export interface OfferedFile {
  readonly name: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Absolute; for reading here only. */
  readonly path: string;
}

export interface OfferedFiles {
  /** What is loaded for this model here: one file, or all parts of a split one in their order. */
  loadedFiles(model: InstalledModel): Promise<readonly OfferedFile[]>;
  /** One of them, or of those that it was made from, by its name; null where there is none of that name. */
  find(model: InstalledModel, name: string): Promise<OfferedFile | null>;
}

/**
 * Only files that the store itself keeps and that its manifest names: never a path that a client wrote. Digests are those of
 * the pull; of what was made here (a requantized file) it is computed once and kept while the file stays as it is.
 */
export function createOfferedFiles(): OfferedFiles {
  const made = new Map<string, Promise<string>>();

  async function offered(model: InstalledModel, path: string): Promise<OfferedFile> {
    const { size, mtimeMs } = await stat(path);
    const name = basename(path);
    const pulled = model.digests?.get(name);
    const key = `${path} ${size} ${mtimeMs}`;
    let digest = made.get(key);
    if (pulled === undefined && digest === undefined) {
      digest = sha256OfFile(path);
      made.set(key, digest);
      digest.catch(() => made.delete(key));
    }
    return { name, bytes: size, sha256: pulled ?? (await digest) ?? '', path };
  }

  /** Discovered models belong to other programs, and lie where those want them. */
  const filesOf = (model: InstalledModel): readonly string[] =>
    model.owner === 'nearfar' ? model.files.filter((path) => dirname(path) === dirname(model.path)) : [];

  return {
    async loadedFiles(model) {
      const isPulled = (path: string): boolean => model.digests?.has(basename(path)) ?? true;
      const files = filesOf(model);
      const loaded = files.filter(isPulled(model.path) ? isPulled : (path) => path === model.path);
      return Promise.all(loaded.map((path) => offered(model, path)));
    },
    async find(model, name) {
      const path = filesOf(model).find((each) => basename(each) === name);
      return path === undefined ? null : offered(model, path);
    },
  };
}
