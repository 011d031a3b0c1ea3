import { randomBytes } from 'node:crypto';
import type { Store } from '../store/store.ts';

const sessionSecretName = 'session-hashes';

/**
 * The key of the hashes by which gateways on one database know each other's sessions; made by the first of them. Who reads the
 * database could try guesses of a conversation's beginning against the hashes, and nothing else (decision 210).
 * @throws what the database throws
 */
export async function sharedSessionSecret({ db }: Pick<Store, 'db'>): Promise<Uint8Array> {
  await db
    .insertInto('shared_secret')
    .values({ name: sessionSecretName, secret: randomBytes(32).toString('base64') })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const { secret } = await db
    .selectFrom('shared_secret')
    .select('secret')
    .where('name', '=', sessionSecretName)
    .executeTakeFirstOrThrow();
  return Buffer.from(secret, 'base64');
}
