import { NearfarError } from '../chat/error.ts';
import type { ChangeFeed } from '../store/change-feed.ts';
import type { Caller } from './access.ts';
import type { KeyStore, VirtualKey } from './key-store.ts';
import { idWithin, isSecretOf } from './virtual-key.ts';

/** The keys of the store in memory, read again as soon as another process may have changed them. */
export interface KeyBook {
  /** Whether any key was ever made: then everyone needs one, also once all of them are revoked. */
  readonly hasKeys: boolean;
  /**
   * True where `refresh` must come before `find`: something changed, or the secret has the form of a key that nearfar made and is not
   * known. It may have been made by another process a moment ago, of which this one has yet to be told.
   */
  isStale(secret: string | null): boolean;
  /** @throws NearfarError `unavailable` where the store could not be asked for longer than keys are trusted without it */
  refresh(): Promise<void>;
  /** @throws NearfarError `unauthorized` that says so where the key is known, and revoked or expired; null: not known */
  find(secret: string): Caller | null;
}

export interface KeyBookDependencies {
  readonly keys: Pick<KeyStore, 'list' | 'version'>;
  readonly changes: Pick<ChangeFeed, 'hasChanged'>;
  readonly warn: (message: string, cause?: unknown) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

interface Entry {
  readonly key: VirtualKey;
  readonly caller: Caller;
}

/** How long keys are trusted while the store cannot be asked whether one was revoked. */
const trustMs = 60_000;
/** How often a store is asked again that did not answer. */
const retryMs = 1000;

/** Reads the keys once. */
export async function createKeyBook(dependencies: KeyBookDependencies): Promise<KeyBook> {
  const { keys, changes, warn, now = Date.now } = dependencies;
  let byId = new Map<string, Entry>();
  let version = -1;
  let checkedAt = now();
  let failedAt: number | null = null;
  let refreshing: Promise<void> | null = null;

  async function read(): Promise<void> {
    const current = await keys.version();
    if (current !== version) {
      byId = new Map((await keys.list()).map((key) => [key.id, { key, caller: callerOf(key) }]));
      version = current;
    }
    checkedAt = now();
    failedAt = null;
  }

  async function refresh(): Promise<void> {
    try {
      await read();
    } catch (thrown) {
      if (failedAt === null)
        warn('Keys cannot be read from the store; the ones in memory hold for a minute.', thrown);
      failedAt = now();
    }
    if (now() - checkedAt > trustMs) {
      throw new NearfarError(
        'unavailable',
        'Whether this key still holds cannot be found out: the store is away.',
        {
          retryAfterSeconds: 5,
        },
      );
    }
  }

  changes.hasChanged();
  await read();
  return {
    get hasKeys() {
      return byId.size > 0;
    },
    isStale(secret) {
      if (refreshing !== null || changes.hasChanged()) return true;
      if (failedAt !== null) return now() - failedAt >= retryMs;
      const id = secret === null ? null : idWithin(secret);
      return id !== null && !byId.has(id);
    },
    refresh() {
      // A change during a reading is seen by the next question.
      refreshing ??= refresh().finally(() => {
        refreshing = null;
      });
      return refreshing;
    },
    find(secret) {
      const id = idWithin(secret);
      const entry = id === null ? undefined : byId.get(id);
      if (!isSecretOf(secret, entry?.key.secretHash ?? null) || entry === undefined) return null;
      const { key, caller } = entry;
      if (key.revokedAt !== null) throw new NearfarError('unauthorized', 'This key was revoked.');
      if (key.expiresAt !== null && key.expiresAt <= now()) {
        throw new NearfarError(
          'unauthorized',
          `This key expired at ${new Date(key.expiresAt).toISOString()}.`,
        );
      }
      return caller;
    },
  };
}

function callerOf({ name, tenant, scopes, limits }: VirtualKey): Caller {
  return { keyName: name, tenant, scopes: new Set(scopes), limits };
}
