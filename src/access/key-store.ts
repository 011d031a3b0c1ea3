import { NearfarError } from '../chat/error.ts';
import type { Store } from '../store/store.ts';
import { keyModes } from '../privacy/verdict.ts';
import type { AccessKeyTable } from '../store/schema.ts';
import type { Scope } from './access.ts';
import type { KeyLimits } from './limits.ts';
import { createSecret } from './virtual-key.ts';

/** A key that nearfar made. Of its secret only the hash is kept. */
export interface VirtualKey {
  readonly id: string;
  /** Names the key in logs, in the ledger and for its budgets. One key at a time has it. */
  readonly name: string;
  readonly tenant: string;
  readonly secretHash: Uint8Array;
  readonly scopes: readonly Scope[];
  readonly limits: KeyLimits;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export type NewKey = Pick<VirtualKey, 'name' | 'tenant' | 'scopes' | 'limits' | 'expiresAt'>;

/** Keys in the store, shared by all gateways on it. */
export interface KeyStore {
  /**
   * @returns the secret: nobody can be told again
   * @throws NearfarError `conflict` where a key of this name is there that was not revoked
   */
  create(key: NewKey): Promise<{ readonly key: VirtualKey; readonly secret: string }>;
  /** Revoked ones too, oldest first. */
  list(): Promise<readonly VirtualKey[]>;
  /** @throws NearfarError `not_found` */
  revoke(name: string): Promise<VirtualKey>;
  /** Another number after each change. */
  version(): Promise<number>;
}

const versionName = 'access_key';

export function createKeyStore(store: Store, now: () => number = Date.now): KeyStore {
  const { db } = store;

  async function changed(trx: Store['db']): Promise<void> {
    await trx
      .insertInto('change_count')
      .values({ name: versionName, value: 1 })
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet(({ eb }) => ({ value: eb('change_count.value', '+', 1) })),
      )
      .execute();
  }

  return {
    async create(wanted) {
      const { id, text, hash } = createSecret();
      const key: VirtualKey = {
        ...wanted,
        id,
        secretHash: hash,
        createdAt: now(),
        revokedAt: null,
      };
      const isNew = await db.transaction().execute(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('access_key')
          .values(toTable(key))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        if (Number(numInsertedOrUpdatedRows ?? 0) === 0) return false;
        await changed(trx);
        return true;
      });
      if (!isNew) {
        throw new NearfarError('conflict', `There is a key "${wanted.name}" already; revoke it first.`, {
          field: 'name',
        });
      }
      await store.changes.announce();
      return { key, secret: text };
    },

    async list() {
      const rows = await db
        .selectFrom('access_key')
        .selectAll()
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(fromTable);
    },

    async revoke(name) {
      const revokedAt = now();
      const row = await db.transaction().execute(async (trx) => {
        const found = await trx
          .updateTable('access_key')
          .set({ revoked_at: revokedAt })
          .where('name', '=', name)
          .where('revoked_at', 'is', null)
          .returningAll()
          .executeTakeFirst();
        if (found !== undefined) await changed(trx);
        return found;
      });
      if (row === undefined) {
        throw new NearfarError('not_found', `There is no key "${name}" that could be revoked.`, {
          field: 'name',
        });
      }
      await store.changes.announce();
      return fromTable(row);
    },

    async version() {
      const row = await db
        .selectFrom('change_count')
        .select('value')
        .where('name', '=', versionName)
        .executeTakeFirst();
      return row?.value ?? 0;
    },
  };
}

function toTable(key: VirtualKey): AccessKeyTable {
  const { limits } = key;
  return {
    id: key.id,
    name: key.name,
    tenant: key.tenant,
    secret_hash: Buffer.from(key.secretHash).toString('hex'),
    scopes: JSON.stringify(key.scopes),
    models: limits.models === null ? null : JSON.stringify(limits.models),
    requests_per_minute: limits.requestsPerMinute,
    tokens_per_minute: limits.tokensPerMinute,
    day_micros: limits.dayMicros,
    month_micros: limits.monthMicros,
    is_local_only: limits.isLocalOnly ? 1 : 0,
    privacy_mode: limits.privacyMode ?? null,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
  };
}

function fromTable(row: AccessKeyTable): VirtualKey {
  return {
    id: row.id,
    name: row.name,
    tenant: row.tenant,
    secretHash: Buffer.from(row.secret_hash, 'hex'),
    scopes: JSON.parse(row.scopes) as readonly Scope[],
    limits: {
      models: row.models === null ? null : (JSON.parse(row.models) as readonly string[]),
      requestsPerMinute: row.requests_per_minute,
      tokensPerMinute: row.tokens_per_minute,
      dayMicros: row.day_micros,
      monthMicros: row.month_micros,
      isLocalOnly: row.is_local_only === 1,
      ...privacyOf(row.privacy_mode),
    },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

function privacyOf(text: string | null): Pick<KeyLimits, 'privacyMode'> {
  if (text === null) return {};
  // A mode of the future is no looser than the strictest of today.
  return { privacyMode: keyModes.find((mode) => mode === text) ?? 'block' };
}
