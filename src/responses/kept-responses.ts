import { setTimeout as sleep } from 'node:timers/promises';
import { NearfarError } from '../chat/error.ts';
import type { PrivacyLabel } from '../chat/request.ts';
import type { LabelRequest } from '../privacy/label.ts';
import type { Store } from '../store/store.ts';

/** A response that a later one may follow, as plain JSON. */
export interface KeptResponse {
  readonly id: string;
  /** The one that it followed. */
  readonly previousId: string | null;
  /** Items of its own request, without those of earlier ones. */
  readonly input: readonly unknown[];
  readonly response: object;
}

/** Responses that clients may ask for again and go on from, each tenant's for itself. */
export interface KeptResponses {
  /** Whether anything is kept of a request with this label: nothing of what asks to be `local_only`, or where the settings say no. */
  mayKeep(request: { readonly privacy: PrivacyLabel }): boolean;
  /** Whether that is kept too which turned out to be `local_only` on its way: only in a file of this machine. */
  readonly keepsTainted: boolean;
  /** @throws whatever the database throws, after several tries */
  keep(kept: KeptResponse, tenant: string): Promise<void>;
  /** Null also for another tenant's. */
  find(id: string, tenant: string): Promise<KeptResponse | null>;
  /**
   * The response and all that it followed, oldest first. None of them is too old again for as long as the settings say.
   * @throws NearfarError `invalid_request` naming `previous_response_id` where one is not here
   */
  chain(id: string, tenant: string): Promise<readonly KeptResponse[]>;
  /** False where there was none. */
  remove(id: string, tenant: string): Promise<boolean>;
}

export interface KeptResponsesSettings {
  /** False: nothing is kept. */
  readonly store: boolean;
  /** Since it was last gone on from. */
  readonly maxAgeSeconds: number;
  readonly maxCount: number;
  /** Of all texts together. */
  readonly maxBytes: number;
}

export interface KeptResponsesDependencies {
  readonly store: Pick<Store, 'db'>;
  readonly label: LabelRequest;
  readonly settings: KeptResponsesSettings;
  /** Whether the store is a file of this machine. @default false */
  readonly isHere?: boolean;
  readonly now?: () => number;
}

/** Longer conversations fit no context. */
const longestChain = 1000;
/** Bounds are looked at no more often, so that answers in quick succession do not pay for it each. */
const pruneEveryMs = 1000;
/** Pauses before the next try, in milliseconds: another process may be writing. */
const retryPausesMs = [20, 60, 200];

export function createKeptResponses(dependencies: KeptResponsesDependencies): KeptResponses {
  const { store, label, settings, isHere = false, now = Date.now } = dependencies;
  const { maxCount, maxBytes } = settings;
  const maxAgeMs = settings.maxAgeSeconds * 1000;
  const { db } = store;
  let prunedAt = -Infinity;

  async function find(id: string, tenant: string): Promise<KeptResponse | null> {
    const row = await db
      .selectFrom('responses')
      .select(['previous_id', 'input', 'response'])
      .where('id', '=', id)
      .where('tenant', '=', tenant)
      .where('used_at', '>', now() - maxAgeMs)
      .executeTakeFirst();
    if (row === undefined) return null;
    return {
      id,
      previousId: row.previous_id,
      input: JSON.parse(row.input) as readonly unknown[],
      response: JSON.parse(row.response) as object,
    };
  }

  async function prune(): Promise<void> {
    if (now() - prunedAt < pruneEveryMs) return;
    prunedAt = now();
    await db
      .deleteFrom('responses')
      .where('used_at', '<=', now() - maxAgeMs)
      .execute();
    const total = await db
      .selectFrom('responses')
      .select(({ fn }) => [
        fn.countAll<number | string>().as('count'),
        fn.sum<number | string>('byte_count').as('bytes'),
      ])
      .executeTakeFirstOrThrow();
    // PostgreSQL gives sums as text.
    if (Number(total.count) <= maxCount && Number(total.bytes) <= maxBytes) return;
    const rows = await db
      .selectFrom('responses')
      .select(['id', 'byte_count'])
      .orderBy('used_at', 'desc')
      .orderBy('created_at', 'desc')
      .execute();
    let byteCount = 0;
    const isOver = rows.findIndex((row, index) => {
      byteCount += row.byte_count;
      return index >= maxCount || byteCount > maxBytes;
    });
    if (isOver < 0) return;
    const ids = rows.slice(isOver).map(({ id }) => id);
    for (let at = 0; at < ids.length; at += longestChain) {
      await db
        .deleteFrom('responses')
        .where('id', 'in', ids.slice(at, at + longestChain))
        .execute();
    }
  }

  return {
    keepsTainted: isHere,
    mayKeep: (request) => settings.store && label({ privacy: request.privacy }).privacy === 'open',
    async keep({ id, previousId, input, response }, tenant) {
      const texts = { input: JSON.stringify(input), response: JSON.stringify(response) };
      const row = {
        id,
        tenant,
        created_at: now(),
        used_at: now(),
        previous_id: previousId,
        ...texts,
        byte_count: Buffer.byteLength(texts.input) + Buffer.byteLength(texts.response),
      };
      await persistently(() => db.insertInto('responses').values(row).execute());
      await persistently(prune);
    },
    find,
    async chain(id, tenant) {
      const kept: KeptResponse[] = [];
      for (let next: string | null = id; next !== null;) {
        const found: KeptResponse | null = await find(next, tenant);
        if (found === null) throw notHere(next, id);
        if (kept.length >= longestChain) {
          throw new NearfarError(
            'invalid_request',
            `previous_response_id: follows more than ${longestChain} responses.`,
            { field: 'previous_response_id' },
          );
        }
        kept.push(found);
        next = found.previousId;
      }
      const ids = kept.map((one) => one.id);
      await persistently(() =>
        db.updateTable('responses').set({ used_at: now() }).where('id', 'in', ids).execute(),
      );
      return kept.reverse();
    },
    async remove(id, tenant) {
      const [result] = await persistently(() =>
        db.deleteFrom('responses').where('id', '=', id).where('tenant', '=', tenant).execute(),
      );
      return Number(result?.numDeletedRows ?? 0) > 0;
    },
  };
}

function notHere(id: string, asked: string): NearfarError {
  const what =
    id === asked ? 'is not here' : `follows a response that is not here any more (${id.slice(0, 100)})`;
  return new NearfarError(
    'invalid_request',
    `previous_response_id: ${asked.slice(0, 100)} ${what}: it was not stored, was deleted, or grew too old.`,
    { field: 'previous_response_id' },
  );
}

async function persistently<Result>(act: () => Promise<Result>): Promise<Result> {
  for (const pauseMs of retryPausesMs) {
    try {
      return await act();
    } catch {
      await sleep(pauseMs);
    }
  }
  return act();
}
