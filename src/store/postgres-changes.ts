import { sql, type Kysely } from 'kysely';
import pg from 'pg';
import type { ChangeFeed } from './change-feed.ts';
import type { StoreSchema } from './schema.ts';

/** A word that PostgreSQL passes on to all who listen, milliseconds after the change. */
const channel = 'nearfar_changes';
/** A change whose word was lost (its writer was killed in between) is seen after so long all the same. */
const lookMs = 5_000;
/** While nobody listens, changes are looked for this often. */
const deafLookMs = 1_000;
const reconnectMs = 1_000;

/**
 * Listens on a connection of its own, in the background, and takes it up again where it breaks.
 * @param onBroken called once each time that it breaks
 */
export function createPostgresChanges(
  config: pg.ClientConfig,
  db: Kysely<StoreSchema>,
  onBroken: (reason: string) => void,
): ChangeFeed & { close(): Promise<void> } {
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let isListening = false;
  let hasHeard = false;
  let lookedAt = performance.now();

  async function listen(): Promise<void> {
    const current = new pg.Client(config);
    client = current;
    let isBroken = false;
    const broken = (thrown?: Error): void => {
      if (isBroken || isClosed) return;
      isBroken = true;
      if (isListening) onBroken(thrown?.message ?? 'it was closed');
      isListening = false;
      hasHeard = true;
      void current.end().catch(() => undefined);
      timer = setTimeout(() => void listen(), reconnectMs);
      timer.unref();
    };
    current.on('error', broken);
    current.on('end', () => {
      broken();
    });
    current.on('notification', () => {
      hasHeard = true;
    });
    try {
      await current.connect();
      await current.query(`listen ${channel}`);
      isListening = true;
      // What was said before anybody listened.
      hasHeard = true;
    } catch (thrown) {
      broken(thrown instanceof Error ? thrown : undefined);
    }
  }

  void listen();
  return {
    hasChanged() {
      const now = performance.now();
      if (!hasHeard && now - lookedAt < (isListening ? lookMs : deafLookMs)) return false;
      hasHeard = false;
      lookedAt = now;
      return true;
    },
    async announce() {
      hasHeard = true;
      await sql`select pg_notify(${channel}, '')`.execute(db);
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
