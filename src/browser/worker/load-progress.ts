import type { LoadProgress } from '../backend.ts';

/** The share of a load that is the download, where something is to be fetched; the rest is reading it into memory. */
const downloadShare = 0.9;

export interface ProgressTeller {
  downloaded(loadedBytes: number, totalBytes: number | null): void;
  loading(): void;
  done(): void;
}

/** Makes one fraction of the phases of a load, which never falls and is 1 only at its end. */
export function tellProgress(backend: string, onProgress: (progress: LoadProgress) => void): ProgressTeller {
  let fraction = 0;
  let bytes: { readonly loadedBytes: number | null; readonly totalBytes: number | null } = {
    loadedBytes: null,
    totalBytes: null,
  };
  const tell = (phase: LoadProgress['phase'], reached: number): void => {
    fraction = Math.max(fraction, reached);
    onProgress({ backend, phase, ...bytes, fraction });
  };
  return {
    downloaded(loadedBytes, totalBytes) {
      bytes = { loadedBytes, totalBytes };
      tell(
        'download',
        totalBytes === null || totalBytes === 0 ? 0 : downloadShare * Math.min(1, loadedBytes / totalBytes),
      );
    },
    loading: () => {
      tell('load', downloadShare);
    },
    done: () => {
      tell('load', 1);
    },
  };
}
