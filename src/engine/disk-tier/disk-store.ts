/**
 * Saved prefixes on disk, as the step loop sees them: nothing here waits, and everything that takes time comes back as
 * a promise or a call. `disk-thread` does the work in a thread of its own.
 */
export interface DiskStore {
  /** What stands for a salt in the files: keyed, so that nobody who reads a file learns or guesses it. */
  saltId(salt: string): string;
  /** Takes a blob to be written, or refuses it: the queue is full, or the disk has failed. `onGone` tells if it fails later. */
  write(blob: DiskBlob, mode: DiskWriteMode): boolean;
  /** The cells of a file, after those who came first; `null` where it was lost, cut off or foreign (it is removed then). */
  read(id: number): Promise<Uint8Array | null>;
  /** Marks files as used now; deeper ones as used a little earlier, so that they are the first to go. */
  touch(ids: readonly number[]): void;
  remove(ids: readonly number[]): void;
  /** An id that no file has. */
  nextId(): number;
  /** Settles when all that was taken is written or has failed. */
  settled(): Promise<void>;
  /** Called once, by the owner of the tree. */
  listen(listener: DiskListener): void;
  /** False until it is known what an earlier run left. */
  readonly isOpen: boolean;
  /** Bytes of all files under the root, of other models and gateways too, as last counted. */
  readonly usedBytes: number;
  /** Bytes on their way to the disk. */
  readonly pendingBytes: number;
  /** Since the start. */
  readonly writtenBytes: number;
  /** Files that were removed because they could not be read back, since the start. */
  readonly rejectedCount: number;
}

/** One file: saved cells of positions [start, end) of the tokens [0, end). */
export interface DiskBlob {
  readonly id: number;
  readonly saltId: string;
  readonly start: number;
  /** All tokens from the first of the sequence to the last that the cells stand for. */
  readonly tokens: readonly number[];
  readonly data: Uint8Array;
}

/** A file that an earlier run left. */
export interface FoundFile {
  readonly id: number;
  readonly saltId: string;
  readonly start: number;
  readonly tokens: Int32Array;
  readonly byteCount: number;
}

/** `take`: nobody needs the bytes any more, so they are moved and not copied. */
export type DiskWriteMode = 'copy' | 'take';

export interface DiskListener {
  /** Once, when the folder has been read. */
  onFound(files: readonly FoundFile[]): void;
  /** Files that are no more: evicted, failed to be written, unreadable. */
  onGone(ids: readonly number[]): void;
  /** The queue has become shorter. */
  onWritten(): void;
}

/** How long a child that ends may take to write what it has. */
export const lastWritesMs = 5_000;
