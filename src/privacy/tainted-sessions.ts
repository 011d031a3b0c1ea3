import { bytesOfBase64 } from './base64.ts';
import type { SessionTaint } from './verdict.ts';

/** Sessions that were tainted, by hashes; they stay so. */
export interface TaintedSessions {
  /** The worst that is known of any of the hashes; at once where this process knows all there is to know. Never throws. */
  taintOf(hashes: readonly string[]): SessionTaint | Promise<SessionTaint>;
  /**
   * Resolves once it would survive a crash, and everybody who must know of it would. Never throws: what cannot be written is known
   * to this process all the same.
   * @returns false where somebody else who should know does not
   */
  mark(hashes: readonly string[], taint: TaintRow['taint']): Promise<boolean>;
}

/** Where they are kept between runs. */
export interface TaintStore {
  /** Oldest first. */
  load(): Promise<{ readonly rows: readonly TaintRow[]; readonly faded: Uint8Array | null }>;
  save(rows: readonly TaintRow[]): Promise<void>;
  /** Those that were let go, and the filter that stands for them from then on. */
  fade(hashes: readonly string[], filter: Uint8Array): Promise<void>;
}

export interface TaintRow {
  readonly hash: string;
  readonly taint: Exclude<SessionTaint, 'clean' | 'unknown'>;
}

export interface TaintedSessionsSetup {
  readonly store: TaintStore | null;
  readonly warn: (message: string, cause?: unknown) => void;
  /** Hashes that are kept one by one. @default 100,000 */
  readonly keptCount?: number;
}

/** Of 2^23 bits, four a hash: once a million are in it, one clean session in fifty is taken for tainted ((1 - e^(-4n/m))^4). */
const filterBytes = 1_048_576;
const bitsPerHash = 4;

/**
 * Hashes beyond the bound are let go, oldest first, into a Bloom filter: what was tainted is still known as such (as `kept`, for
 * which of the two is forgotten), and now and then a session that was not is taken for one.
 */
export async function createTaintedSessions(setup: TaintedSessionsSetup): Promise<TaintedSessions> {
  const { store, warn, keptCount = 100_000 } = setup;
  const known = new Map<string, TaintRow['taint']>();
  const loaded = (await store?.load()) ?? { rows: [], faded: null };
  let filter = loaded.faded?.length === filterBytes ? Uint8Array.from(loaded.faded) : null;
  for (const { hash, taint } of loaded.rows) known.set(hash, taint);

  function letGo(): readonly string[] {
    if (known.size <= keptCount) return [];
    filter ??= new Uint8Array(filterBytes);
    const gone: string[] = [];
    const leftCount = Math.floor(keptCount * 0.9);
    for (const hash of known.keys()) {
      if (known.size <= leftCount) break;
      known.delete(hash);
      for (const bit of bitsOf(hash)) filter[bit >> 3] = (filter[bit >> 3] ?? 0) | (1 << (bit & 7));
      gone.push(hash);
    }
    return gone;
  }

  const hasFaded = (hash: string): boolean =>
    filter !== null && bitsOf(hash).every((bit) => ((filter?.[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0);

  return {
    taintOf(hashes) {
      let worst: SessionTaint = 'clean';
      for (const hash of hashes) {
        const taint = known.get(hash) ?? (hasFaded(hash) ? 'kept' : 'clean');
        if (taint === 'kept') return 'kept';
        if (taint === 'found') worst = 'found';
      }
      return worst;
    },
    async mark(hashes, taint) {
      const rows = hashes.flatMap((hash): TaintRow[] => {
        const before = known.get(hash) ?? (hasFaded(hash) ? 'kept' : undefined);
        if (before === 'kept' || before === taint) return [];
        known.set(hash, taint);
        return [{ hash, taint }];
      });
      if (rows.length === 0) return true;
      const gone = letGo();
      try {
        await store?.save(rows);
        if (gone.length > 0 && filter !== null) await store?.fade(gone, filter);
      } catch (thrown) {
        warn('That a session was tainted could not be written: a restart would forget it.', thrown);
      }
      // Nobody else has these sessions.
      return true;
    },
  };
}

/** The hash is base64url of uniform bits: its own characters are the bits of the filter. */
function bitsOf(hash: string): readonly number[] {
  const bytes = bytesOfBase64(hash);
  return Array.from(
    { length: bitsPerHash },
    (_, index) => threeBytes(bytes, index * 3) & (filterBytes * 8 - 1),
  );
}

const threeBytes = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
