import { basename } from 'node:path';
import { NearfarError } from '../../chat/error.ts';
import type { Bindings, Pointer } from './bindings.ts';

/** LoRA adapters of one model, loaded for all contexts over it. */
export interface Adapters {
  /**
   * Reads a file into memory: milliseconds for megabytes, between two steps, for the model's list of adapters is read
   * while it decodes. Returns a handle.
   * @throws NearfarError `invalid_request` where libllama refuses it, `unsupported` for one that waits for tokens
   */
  load(path: string): number;
  /** Frees one that no context applies any more. */
  free(handle: number): void;
  /** @throws RangeError for a handle that is not loaded */
  pointer(handle: number): Pointer;
  close(): void;
}

export function createAdapters(bindings: Bindings, model: Pointer): Adapters {
  const loaded = new Map<number, Pointer>();
  let nextHandle = 1;

  function pointer(handle: number): Pointer {
    const found = loaded.get(handle);
    if (found === undefined) throw new RangeError(`There is no adapter ${handle}.`);
    return found;
  }

  return {
    load(path) {
      const adapter = bindings.loadAdapter(model, path);
      if (adapter === null) {
        throw new NearfarError(
          'invalid_request',
          `${basename(path)} cannot be loaded as a LoRA adapter of this model; the engine's log says why.`,
        );
      }
      if (Number(bindings.aloraTokenCount(adapter)) > 0) {
        bindings.freeAdapter(adapter);
        throw new NearfarError('unsupported', `${basename(path)} ${activatedText}`);
      }
      loaded.set(nextHandle, adapter);
      return nextHandle++;
    },
    free(handle) {
      bindings.freeAdapter(pointer(handle));
      loaded.delete(handle);
    },
    pointer,
    close() {
      for (const adapter of loaded.values()) bindings.freeAdapter(adapter);
      loaded.clear();
    },
  };
}

/** Why an aLoRA is refused. */
export const activatedText =
  'is an activated LoRA (aLoRA): it works from its invocation tokens on, which is not supported.';
