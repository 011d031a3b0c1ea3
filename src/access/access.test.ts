import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAccess, localCaller, requireScope } from './create-access.ts';
import { createAccessKey, readKeyFile } from './keys.ts';

const secret = 'a-secret-of-the-team-1';
const team = createAccessKey({ name: 'team', secret, scopes: ['use'] });
const owner = createAccessKey({ name: 'owner', secret: 'a-secret-of-the-owner', scopes: ['use', 'admin'] });

describe('without keys', () => {
  test('everyone on loopback is local, whatever secret he sends', () => {
    const access = createAccess({ keys: [], isLoopback: true });
    for (const sent of [null, '', 'sk-anything', secret]) {
      expect(access.authenticate(sent)).toEqual(localCaller);
    }
    expect([...localCaller.scopes]).toEqual(['use', 'admin', 'voice']);
  });

  test('beyond loopback there is no access at all', () => {
    expect(() => createAccess({ keys: [], isLoopback: false })).toThrow(/needs at least one access key/);
  });
});

describe('with keys', () => {
  const access = createAccess({ keys: [team, owner], isLoopback: true });

  test('a key names its caller, tenant and scopes', async () => {
    const caller = await access.authenticate(secret);
    expect(caller).toMatchObject({ keyName: 'team', tenant: 'team' });
    expect([...caller.scopes]).toEqual(['use']);
    expect(await access.authenticate('a-secret-of-the-owner')).toMatchObject({ keyName: 'owner' });
  });

  test.each([null, '', 'wrong', `${secret} `, secret.slice(0, -1), 'team'])('%j is nobody', (sent) => {
    expect(() => access.authenticate(sent)).toThrow(
      expect.objectContaining({ kind: 'unauthorized', status: 401 }) as Error,
    );
  });

  test('what was sent is not repeated in the error', () => {
    expect(() => access.authenticate('hf_not_for_logs')).not.toThrow(/hf_not_for_logs/);
    expect(JSON.stringify(team)).not.toContain(secret);
  });

  test('names are tenants, so they are unique', () => {
    expect(() => createAccess({ keys: [team, team], isLoopback: true })).toThrow(/"team"/);
  });

  test('a scope that is missing is named', async () => {
    const caller = await access.authenticate(secret);
    requireScope(caller, 'use');
    expect(() => {
      requireScope(caller, 'admin');
    }).toThrow(
      expect.objectContaining({
        kind: 'forbidden',
        message: expect.stringContaining('admin') as string,
      }) as Error,
    );
  });
});

test('a short or empty secret is refused by name, not by value', () => {
  expect(() => createAccessKey({ name: 'team', secret: 'short', scopes: [] })).toThrow(
    /"team" has 5 characters/,
  );
  expect(() => createAccessKey({ name: 'team', secret: 'short', scopes: [] })).not.toThrow(/short/);
  expect(() => createAccessKey({ name: ' ', secret, scopes: [] })).toThrow(/no name/);
});

describe.skipIf(process.platform === 'win32')('key files', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nearfar-key-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('are read where only the owner can read them', async () => {
    const path = join(folder, 'key');
    await writeFile(path, `${secret}\n`, { mode: 0o600 });
    expect(await readKeyFile(path)).toBe(secret);
  });

  test.each([0o640, 0o604, 0o660])('mode %o is refused, with the remedy', async (mode) => {
    const path = join(folder, 'key');
    await writeFile(path, secret);
    await chmod(path, mode);
    await expect(readKeyFile(path)).rejects.toThrow(/chmod 600/);
  });

  test('a missing one is named', async () => {
    await expect(readKeyFile(join(folder, 'none'))).rejects.toThrow(/none cannot be read/);
  });
});
