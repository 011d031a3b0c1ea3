import { NearfarError } from '../chat/error.ts';
import { adapterKey, type AdapterRef, type LoadedAdapter } from './adapter.ts';

/** A request's use of an adapter: it stays in memory until `release`. */
export interface AdapterLease {
  readonly adapter: LoadedAdapter;
  /** Safe to call twice. */
  release(): void;
  /** Another use of it; not after `release`. */
  share(): AdapterLease;
}

/**
 * The adapters in memory beside one model. Loaded when first asked for; where there is no more room, those that nobody
 * uses leave, the one used longest ago first. Who finds no room waits, and nobody passes him, so that requests for the
 * adapters that are there cannot keep him out for ever.
 */
export interface AdapterStore {
  /** @throws NearfarError `unavailable` where it can never fit, or what loading it throws */
  acquire(ref: AdapterRef): Promise<AdapterLease>;
  readonly loadedCount: number;
}

/** What the memory that was set aside for the model leaves to adapters. */
export interface AdapterRoom {
  readonly byteCount: number;
  /** Adapters at once, at least 1. */
  readonly count: number;
}

export interface AdapterStoreOptions {
  readonly room: AdapterRoom;
  /** Returns the decoder's number for it. @throws NearfarError */
  readonly load: (path: string) => number;
  readonly unload: (handle: number) => void;
}

interface Held {
  readonly handle: number;
  readonly byteCount: number;
  leaseCount: number;
  lastUsedAt: number;
}

interface Waiter {
  readonly ref: AdapterRef;
  readonly resolve: (lease: AdapterLease) => void;
  readonly reject: (error: unknown) => void;
}

export function createAdapterStore({ room, load, unload }: AdapterStoreOptions): AdapterStore {
  /** By content: two names for one file share its weights. */
  const held = new Map<string, Held>();
  let waiters: Waiter[] = [];
  let clock = 0;

  function leaseOf(ref: AdapterRef, weights: Held): AdapterLease {
    let isReleased = false;
    weights.leaseCount++;
    weights.lastUsedAt = ++clock;
    return {
      adapter: { key: adapterKey(ref), handle: weights.handle, scale: ref.scale },
      release() {
        if (isReleased) return;
        isReleased = true;
        weights.leaseCount--;
        serve();
      },
      share: () => leaseOf(ref, weights),
    };
  }

  function makeRoom(byteCount: number): boolean {
    for (;;) {
      const usedBytes = [...held.values()].reduce((sum, one) => sum + one.byteCount, 0);
      if (held.size < room.count && usedBytes + byteCount <= room.byteCount) return true;
      const idle = [...held].filter(([, one]) => one.leaseCount === 0);
      const [oldest] = idle.sort(([, one], [, other]) => one.lastUsedAt - other.lastUsedAt);
      if (oldest === undefined) return false;
      held.delete(oldest[0]);
      unload(oldest[1].handle);
    }
  }

  /** In order of arrival, as far as there is room. */
  function serve(): void {
    for (let [next] = waiters; next !== undefined; [next] = waiters) {
      const { ref, resolve, reject } = next;
      let weights = held.get(ref.digest);
      if (weights === undefined) {
        if (!makeRoom(ref.byteCount)) return;
        try {
          const handle = load(ref.path);
          weights = { handle, byteCount: ref.byteCount, leaseCount: 0, lastUsedAt: 0 };
          held.set(ref.digest, weights);
        } catch (thrown) {
          waiters = waiters.slice(1);
          reject(thrown);
          continue;
        }
      }
      waiters = waiters.slice(1);
      resolve(leaseOf(ref, weights));
    }
  }

  return {
    acquire(ref) {
      if (ref.byteCount > room.byteCount) return Promise.reject(tooLarge(ref, room));
      return new Promise((resolve, reject) => {
        waiters.push({ ref, resolve, reject });
        serve();
      });
    },
    get loadedCount() {
      return held.size;
    },
  };
}

function tooLarge({ name, byteCount }: AdapterRef, room: AdapterRoom): NearfarError {
  const inMiB = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return new NearfarError(
    'unavailable',
    `The adapter ${name} needs ${inMiB(byteCount)} and ${inMiB(room.byteCount)} were set aside for adapters when its ` +
      'model was loaded: it was not here then, or has grown. It fits once the model is loaded anew.',
  );
}
