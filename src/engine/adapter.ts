/** A LoRA adapter as a request names it: which file, and how strongly it is applied. */
export interface AdapterRef {
  /** As the settings call it. */
  readonly name: string;
  /** Absolute path of the GGUF. */
  readonly path: string;
  /** SHA-256 of the file: one that was replaced is another adapter. */
  readonly digest: string;
  /** Factor of its deltas, beside the file's own alpha / rank. */
  readonly scale: number;
  /** Of the file, and about what it takes in memory. */
  readonly byteCount: number;
}

/** An adapter in memory, ready to be applied. */
export interface LoadedAdapter {
  /** What computes the same cells has the same key. */
  readonly key: string;
  /** The decoder's own number for its weights. */
  readonly handle: number;
  readonly scale: number;
}

/** Cells of one adapter, by content and strength, are no other's. The base model's key is empty. */
export function adapterKey(adapter: Pick<AdapterRef, 'name' | 'digest' | 'scale'> | null): string {
  return adapter === null ? '' : JSON.stringify([adapter.name, adapter.digest, adapter.scale]);
}

/** What keeps prefixes apart, in the tree, in host memory and on disk: the tenant, and the adapter that computed them. */
export function prefixSalt(tenant: string, adapter: AdapterRef | null): string {
  return JSON.stringify([tenant, adapterKey(adapter)]);
}
