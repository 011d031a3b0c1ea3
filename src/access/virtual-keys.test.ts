import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isOnPostgres, openTestStore, soon } from '../../test/state-backends.ts';
import { createStore, type Store } from '../store/store.ts';
import { createAccess, localCaller } from './create-access.ts';
import { createKeyBook } from './key-book.ts';
import { createKeyStore, type NewKey } from './key-store.ts';
import { createAccessKey } from './keys.ts';
import { noLimits } from './limits.ts';

/** Two processes on one state: one that serves, and one that makes and revokes keys. */
let folder = '';
let serving: Store;
let owners: Store;
const warn = vi.fn();
let now = Date.UTC(2026, 10, 25);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nearfar-keys-'));
  serving = await openTestStore(join(folder, 'nearfar.sqlite'));
  owners = await openTestStore(join(folder, 'nearfar.sqlite'));
  now = Date.UTC(2026, 10, 25);
});
afterEach(async () => {
  await serving.close();
  await owners.close();
  await rm(folder, { recursive: true });
});

const ana: NewKey = {
  name: 'ana',
  tenant: 'sales',
  scopes: ['use'],
  limits: { ...noLimits, models: ['near'], requestsPerMinute: 5, monthMicros: 1_000_000 },
  expiresAt: null,
};
const keys = () => createKeyStore(owners, () => now);

async function accessOf(requiresKeys = false) {
  const book = await createKeyBook({
    keys: createKeyStore(serving),
    changes: serving.changes,
    warn,
    now: () => now,
  });
  const access = createAccess({ keys: [], isLoopback: true, book, requiresKeys });
  return { authenticate: async (secret: string | null) => access.authenticate(secret) };
}

const unauthorized = (words: RegExp) =>
  expect.objectContaining({ kind: 'unauthorized', message: expect.stringMatching(words) as string }) as Error;

describe('a key that was made', () => {
  test('names its caller, tenant, scopes and limits', async () => {
    const { secret } = await keys().create(ana);
    const caller = await (await accessOf()).authenticate(secret);
    expect(caller).toEqual({ keyName: 'ana', tenant: 'sales', scopes: new Set(['use']), limits: ana.limits });
  });

  test('is taken by a gateway that runs already, and refused at once when it is revoked', async () => {
    const access = await accessOf();
    expect(await access.authenticate(null)).toBe(localCaller);
    const { secret } = await keys().create(ana);
    await soon(() => expect(access.authenticate(null)).rejects.toThrow(unauthorized(/needs a key/)));
    expect(await access.authenticate(secret)).toMatchObject({ keyName: 'ana' });
    await keys().revoke('ana');
    await soon(() => expect(access.authenticate(secret)).rejects.toThrow(unauthorized(/revoked/)));
    // Revoking the last one lets nobody in.
    await expect(access.authenticate(null)).rejects.toThrow(unauthorized(/needs a key/));
  });

  test('is known to a gateway that was not told of it yet, which else would take its requests for those of nobody', async () => {
    const changes = { hasChanged: () => false };
    const book = await createKeyBook({ keys: createKeyStore(serving), changes, warn, now: () => now });
    const access = createAccess({ keys: [], isLoopback: true, book });
    const { secret } = await keys().create(ana);
    expect(await Promise.all([secret, secret].map(async (one) => access.authenticate(one)))).toMatchObject([
      { keyName: 'ana' },
      { keyName: 'ana' },
    ]);
    expect(access.authenticate(secret)).not.toBeInstanceOf(Promise);
  });

  test('is answered without a promise while nothing changes', async () => {
    const { secret } = await keys().create(ana);
    const book = await createKeyBook({ keys: createKeyStore(serving), changes: serving.changes, warn });
    const access = createAccess({ keys: [], isLoopback: true, book });
    await access.authenticate(secret);
    await soon(() => {
      expect(access.authenticate(secret)).not.toBeInstanceOf(Promise);
    });
  });

  test('expires', async () => {
    const { secret } = await keys().create({ ...ana, expiresAt: now + 1000 });
    const access = await accessOf();
    expect(await access.authenticate(secret)).toMatchObject({ keyName: 'ana' });
    now += 1000;
    await expect(access.authenticate(secret)).rejects.toThrow(unauthorized(/expired at 2026-11-25/));
  });

  test('leaves nothing of its secret in the state', async () => {
    const { secret } = await keys().create(ana);
    if (isOnPostgres()) {
      const rows = JSON.stringify(await owners.db.selectFrom('access_key').selectAll().execute());
      expect(rows).toContain('sales');
      expect(rows).not.toContain(secret.slice(-43));
      return;
    }
    await owners.close();
    await serving.close();
    const file = await readFile(join(folder, 'nearfar.sqlite'), 'latin1');
    expect(file).toContain('sales');
    expect(file).not.toContain(secret.slice(-43));
    [serving, owners] = [await createStore({ path: ':memory:' }), await createStore({ path: ':memory:' })];
  });

  test.each([
    ['another secret', 'a'],
    ['another id', 'nf-0'],
  ])('with %s is nobody', async (_, changed) => {
    const { secret } = await keys().create(ana);
    const access = await accessOf();
    const other =
      changed === 'a'
        ? secret.slice(0, -2) + (secret.endsWith('aa') ? 'bb' : 'aa')
        : `nf-0${secret.slice(4)}`;
    if (other !== secret) await expect(access.authenticate(other)).rejects.toThrow(unauthorized(/not known/));
  });

  test('has its name alone until it is revoked', async () => {
    const first = await keys().create(ana);
    await expect(keys().create(ana)).rejects.toThrow(expect.objectContaining({ kind: 'conflict' }) as Error);
    await keys().revoke('ana');
    await expect(keys().revoke('ana')).rejects.toThrow(
      expect.objectContaining({ kind: 'not_found' }) as Error,
    );
    const second = await keys().create(ana);
    expect(second.secret).not.toBe(first.secret);
    expect((await keys().list()).map(({ revokedAt }) => revokedAt === null)).toHaveLength(2);
  });
});

test('keys of the settings hold beside them, with limits of their own', async () => {
  const { secret } = await keys().create(ana);
  const own = createAccessKey({
    name: 'owner',
    secret: 'a-secret-of-the-owner',
    scopes: ['use', 'admin'],
    limits: { ...noLimits, tokensPerMinute: 9 },
  });
  const book = await createKeyBook({ keys: createKeyStore(serving), changes: serving.changes, warn });
  const access = createAccess({ keys: [own], isLoopback: true, book });
  expect(await access.authenticate(secret)).toMatchObject({ keyName: 'ana' });
  expect(await access.authenticate('a-secret-of-the-owner')).toMatchObject({
    limits: { tokensPerMinute: 9 },
  });
});

test('where keys are required nobody comes in before there is one', async () => {
  const access = await accessOf(true);
  await expect(access.authenticate('anything')).rejects.toThrow(unauthorized(/not known/));
});

test('while the store is away keys hold for a minute, and then nobody is trusted', async () => {
  const { secret } = await keys().create(ana);
  let isAway = false;
  const store = createKeyStore(serving);
  const book = await createKeyBook({
    keys: {
      list: () => store.list(),
      version: () => (isAway ? Promise.reject(new Error('away')) : store.version()),
    },
    changes: { hasChanged: () => true },
    warn,
    now: () => now,
  });
  const access = createAccess({ keys: [], isLoopback: true, book });
  isAway = true;
  now += 59_000;
  expect(await access.authenticate(secret)).toMatchObject({ keyName: 'ana' });
  now += 2_000;
  await expect(access.authenticate(secret)).rejects.toThrow(
    expect.objectContaining({ kind: 'unavailable' }) as Error,
  );
  isAway = false;
  expect(await access.authenticate(secret)).toMatchObject({ keyName: 'ana' });
});
