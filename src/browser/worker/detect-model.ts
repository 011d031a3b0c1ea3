import { NearfarError } from '../../chat/error.ts';
import type { Availability, BackendAbilities } from '../backend.ts';
import { hasOpfs, opfsDisk } from '../downloads/disk.ts';
import { createFileStore } from '../downloads/file-store.ts';
import { findModel, type ModelSource, type PageModel } from '../downloads/page-model.ts';
import { leaderLock, readyLock } from './shared-engine.ts';

export interface ModelQuestion {
  readonly source: ModelSource;
  /** Of the engine that all tabs share. */
  readonly key: string;
  /** Why the library cannot run in this browser; null where it can. */
  readonly missing: string | null;
  readonly can: (model: PageModel) => BackendAbilities;
}

/** How long what a gateway said of its models is taken for true, in milliseconds. */
const lifetimeMs = 60_000;

/** Answers `detect` of a backend whose files lie in OPFS, on the page's own thread: a few looks at the disk and at the locks. */
export function createModelDetector({
  source,
  key,
  missing,
  can,
}: ModelQuestion): () => Promise<Availability> {
  let known: { readonly at: number; readonly model: Promise<PageModel> } | null = null;
  const find = (): Promise<PageModel> => {
    if (known === null || performance.now() - known.at > lifetimeMs) {
      const model = findModel(source, opfsDisk());
      model.catch(() => (known = null));
      known = { at: performance.now(), model };
    }
    return known.model;
  };
  return async () => {
    if (missing !== null) return { state: 'unavailable', reason: missing };
    if (!hasOpfs() || typeof (navigator as Partial<Navigator>).locks?.request !== 'function') {
      return {
        state: 'unavailable',
        reason:
          'This page cannot keep model files: that needs a secure context (https or localhost) and OPFS.',
      };
    }
    let model: PageModel;
    try {
      model = await find();
    } catch (thrown) {
      if (thrown instanceof NearfarError) return { state: 'unavailable', reason: thrown.message };
      throw thrown;
    }
    const [locks, downloadBytes] = await Promise.all([
      navigator.locks.query(),
      createFileStore({ disk: opfsDisk() }).missingBytes(model.files),
    ]);
    const held = new Set(locks.held?.map(({ name }) => name));
    const about = { model: model.id, can: can(model) };
    if (held.has(readyLock(key))) return { state: 'ready', ...about, downloadBytes: 0, note: null };
    if (downloadBytes === 0) return { state: 'downloaded', ...about, downloadBytes, note: null };
    return held.has(leaderLock(key))
      ? { state: 'downloading', ...about, downloadBytes, note: 'It is being fetched by this or another tab.' }
      : { state: 'downloadable', ...about, downloadBytes, note: null };
  };
}
