import type { LoadProgress } from '../../browser/backend.ts';

/** A GGUF file that the app keeps: where files lie and how they are fetched is a matter of the app's file package. */
export interface LlamaFile {
  /** As the place that serves it says; null: not known. */
  readonly sizeBytes: number | null;
  /** Path on the device where all of it is there; null: it must be fetched. */
  find(): Promise<string | null>;
  /**
   * Fetches, verifies, and goes on where an earlier call was broken off, as far as the app's package can.
   * @returns its path. @throws anything
   */
  fetch(
    tell: (
      progress: Pick<LoadProgress, 'loadedBytes' | 'totalBytes'> & { readonly fraction: number },
    ) => void,
    signal: AbortSignal,
  ): Promise<string>;
}
