import type { PullProgress } from '../store.ts';

/** A file that a source put into the staging folder, whole and checked as far as its source allows. */
export interface FetchedFile {
  readonly path: string;
  /** Lower-case hex of the file as it lies there. */
  readonly sha256: string;
  /** True where the hub or the catalog stated this SHA-256; false where it was merely computed. */
  readonly verified: boolean;
}

export interface FetchContext {
  /** Kept between tries, so that what was received is not asked for again. Exists. */
  readonly stagingPath: string;
  /** SHA-256 that the catalog states, of the single file; `null` where it states none. */
  readonly expectedSha256: string | null;
  /** Bytes that will be transferred, where the source itself does not say; for the progress bar. */
  readonly expectedDownloadBytes: number | null;
  /** How long to wait for a connection; short where another source can be tried. */
  readonly connectTimeoutMs: number;
  /** Checks the disk once the size is known. @throws NearfarError `unavailable` */
  readonly requireSpace: (bytes: number) => Promise<void>;
  readonly onProgress: (progress: PullProgress) => void;
  readonly signal: AbortSignal;
}
