import type { ModelGrade } from '../chat/part.ts';
import type { InstalledModel, ModelStore } from '../models/store.ts';

/** The store's list, read from disk at most every `freshMs` however many requests ask for it. */
export interface ModelIndex {
  readonly ids: () => Promise<readonly string[]>;
  /** A model that is not in the list yet is looked for on disk: another process may just have pulled it. */
  readonly find: (id: string) => Promise<InstalledModel | null>;
  /** Ids as last read, without waiting. */
  readonly known: () => readonly string[];
  /** Of a model as last read; null: it is not here. */
  readonly gradeOf: (id: string) => ModelGrade | null;
}

/** @param names of what is asked for by name and may be out of order, so that who asks hears why */
export function createModelIndex(
  store: ModelStore,
  names: readonly string[] = [],
  freshMs = 2_000,
): ModelIndex {
  let models: readonly InstalledModel[] = [];
  let ids: readonly string[] = [];
  let readAt = -Infinity;
  let reading: Promise<readonly InstalledModel[]> | null = null;

  const read = (): Promise<readonly InstalledModel[]> => {
    reading ??= store
      .list()
      .then((list) => {
        models = list;
        ids = [...new Set([...list.map((model) => model.id), ...names])];
        readAt = performance.now();
        return list;
      })
      .finally(() => {
        reading = null;
      });
    return reading;
  };
  const list = async () => (performance.now() - readAt < freshMs ? models : await read());

  return {
    ids: async () => {
      await list();
      return ids;
    },
    find: async (id) => (await list()).find((model) => model.id === id) ?? (await store.find(id)),
    known: () => models.map((model) => model.id),
    gradeOf: (id) => models.find((model) => model.id === id)?.facts.grade ?? null,
  };
}

/** A model by its id, or by the reference that it was pulled by. */
export async function findReference(store: ModelStore, reference: string): Promise<InstalledModel | null> {
  const byId = await store.find(reference);
  return byId ?? (await store.list()).find((model) => model.reference === reference) ?? null;
}
