import { createJointLookup } from './joint-lookup.ts';
import type { TaintedSessions, TaintRow, TaintStore } from './tainted-sessions.ts';
import type { SessionTaint } from './verdict.ts';

export interface SharedSessionsSetup {
  readonly store: Pick<TaintStore, 'save'> & {
    /** Those of the hashes that are marked. */
    find(hashes: readonly string[]): Promise<readonly TaintRow[]>;
  };
  readonly warn: (message: string, cause?: unknown) => void;
  /** Milliseconds for which the database may be asked. @default 2000 */
  readonly timeoutMs?: number;
  /** Between attempts to write what could not be written, in milliseconds. @default 1000 */
  readonly retryMs?: number;
}

/** Marks that this process knows without asking. */
const knownCount = 20_000;

/**
 * Sessions of all gateways on one database. Each turn of a session is looked up there, because another gateway may have had the
 * one before; where the database does not say, it is `unknown`, which must not leave. What was marked stays so, so that only
 * what is clean is asked about again.
 */
export function createSharedSessions(setup: SharedSessionsSetup): TaintedSessions {
  const { store, warn, timeoutMs = 2000, retryMs = 1000 } = setup;
  const known = new Map<string, TaintRow['taint']>();
  /** Marked here and not yet there: other gateways do not know of it. */
  const unwritten = new Map<string, TaintRow['taint']>();
  let retry: NodeJS.Timeout | null = null;

  function learn({ hash, taint }: TaintRow): void {
    if (known.get(hash) === 'kept') return;
    known.delete(hash);
    known.set(hash, taint);
    for (const oldest of known.keys()) {
      if (known.size <= knownCount) break;
      // Others are in the database.
      if (!unwritten.has(oldest)) known.delete(oldest);
    }
  }

  async function write(): Promise<boolean> {
    const rows = [...unwritten].map(([hash, taint]) => ({ hash, taint }));
    if (rows.length === 0) return true;
    try {
      await within(store.save(rows), timeoutMs);
    } catch (thrown) {
      warn(
        'That a session was tainted could not be written to the database: other gateways do not know yet.',
        thrown,
      );
      retry ??= setTimeout(() => {
        retry = null;
        void write();
      }, retryMs).unref();
      return false;
    }
    for (const { hash, taint } of rows) if (unwritten.get(hash) === taint) unwritten.delete(hash);
    return true;
  }

  const lookUp = createJointLookup(async (hashes) => {
    // A query that hangs gives its place to others.
    const rows = await within(store.find(hashes), timeoutMs);
    rows.forEach(learn);
  }, timeoutMs);

  function worstOf(hashes: readonly string[]): SessionTaint {
    const taints = hashes.map((hash) => known.get(hash));
    return taints.includes('kept') ? 'kept' : taints.includes('found') ? 'found' : 'clean';
  }

  return {
    taintOf(hashes) {
      const here = worstOf(hashes);
      // Found may have become kept elsewhere.
      if (hashes.length === 0 || here === 'kept') return here;
      return within(lookUp(hashes), timeoutMs).then(
        () => worstOf(hashes),
        (thrown: unknown): SessionTaint => {
          warn('Whether a session is tainted could not be looked up: its request stays here.', thrown);
          return 'unknown';
        },
      );
    },
    async mark(hashes, taint) {
      const rows = hashes.filter((hash) => known.get(hash) !== 'kept' && known.get(hash) !== taint);
      for (const hash of rows) {
        unwritten.set(hash, taint);
        learn({ hash, taint });
      }
      return rows.length === 0 && hashes.every((hash) => !unwritten.has(hash)) ? true : await write();
    },
  };
}

/** @throws Error after so long */
async function within<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`The database did not answer within ${String(timeoutMs)} ms.`));
  }, timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
    // Whichever comes later is nobody's.
    promise.catch(() => undefined);
    late.promise.catch(() => undefined);
  }
}
