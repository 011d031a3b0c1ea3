import { NearfarError, toNearfarError } from '../../chat/error.ts';
import type { ModelStore, PullProgress } from '../../models/store.ts';
import type { ModelNaming } from '../dependencies.ts';
import type { ItemReader } from '../event-stream.ts';
import { ollamaErrorBody } from './error.ts';

/**
 * The reference that may be pulled over HTTP for what a client sent: catalog names and hf: references, the latter also
 * without their scheme. Files and addresses of this machine are not for the network to choose.
 * @throws NearfarError `forbidden` for other schemes, `model_not_found` for unknown names
 */
export function pullReference(name: string, naming: Pick<ModelNaming, 'isInCatalog'>): string {
  if (naming.isInCatalog(name)) return name;
  const untagged = name.replace(/:latest$/, '');
  if (naming.isInCatalog(untagged)) return untagged;
  const hubPath = /^(?:hf:)?([\w.-]+\/[\w.-]+\/[\w./-]+\.gguf)$/i.exec(name)?.[1];
  if (hubPath !== undefined && !hubPath.split('/').includes('..')) return `hf:${hubPath}`;
  if (/^(https?|file|pypi):/i.test(name)) {
    throw new NearfarError(
      'forbidden',
      'Over HTTP only models of the catalog and hf: references can be pulled; use "nearfar pull" for this one.',
      { field: 'model' },
    );
  }
  throw new NearfarError(
    'model_not_found',
    'The catalog has no model of that name; hf:owner/repository/file.gguf takes any GGUF of the hub.',
    { field: 'model' },
  );
}

/** One line of the stream; `error` ends it. */
export type PullLine = object;

/** Pulls while lines are read. Progress that nobody waits for is overwritten by the next, so nothing piles up. */
export function createPullReader(
  store: ModelStore,
  reference: string,
  signal: AbortSignal,
): ItemReader<PullLine> {
  let latest: PullLine | null = { status: 'pulling manifest' };
  const ends: PullLine[] = [];
  let hasEnded = false;
  let wake: (() => void) | undefined;

  function tell(): void {
    wake?.();
    wake = undefined;
  }
  function end(...lines: PullLine[]): void {
    ends.push(...lines);
    hasEnded = true;
    tell();
  }

  store
    .pull(reference, {
      signal,
      onProgress: (progress) => {
        latest = pullLine(progress);
        tell();
      },
    })
    .then(
      () => {
        end({ status: 'success' });
      },
      (thrown: unknown) => {
        end(ollamaErrorBody(toNearfarError(thrown)));
      },
    );

  return {
    async read() {
      for (;;) {
        if (latest !== null) {
          const line = latest;
          latest = null;
          return line;
        }
        const last = ends.shift();
        if (last !== undefined) return last;
        if (hasEnded) return null;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close() {
      latest = null;
      ends.length = 0;
      hasEnded = true;
      tell();
    },
  };
}

export function pullLine(progress: PullProgress): PullLine {
  switch (progress.stage) {
    case 'resolving':
      return { status: 'pulling manifest' };
    case 'downloading': {
      const digest = progress.fileName ?? 'model';
      return {
        status: `pulling ${digest}`,
        digest,
        ...(progress.totalBytes === null ? {} : { total: progress.totalBytes }),
        completed: progress.receivedBytes,
      };
    }
    case 'verifying':
      return { status: 'verifying sha256 digest' };
    case 'unpacking':
      return { status: 'unpacking' };
    case 'done':
      return { status: 'writing manifest' };
  }
}
