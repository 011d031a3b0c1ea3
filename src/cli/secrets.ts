import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { AccessKey } from '../access/keys.ts';
import type { KeyLimits } from '../access/limits.ts';
import type { LoadedSettings } from '../config/load.ts';
import { Secret } from '../chat/secret.ts';
import type { KeySetting } from '../config/key-schema.ts';
import type { UpstreamSetting } from '../config/upstream-schema.ts';
import { SettingsError } from '../config/problem.ts';
import { databaseSecrets } from './open-state.ts';

/**
 * The keys of the settings with their secrets read from environment and files.
 * @throws SettingsError where a secret's variable is empty; NearfarError where its file is missing or open to others
 */
export async function accessKeys(loaded: LoadedSettings): Promise<readonly AccessKey[]> {
  if (loaded.settings.keys.length === 0) return [];
  const { createAccessKey } = await import('../access/keys.ts');
  return Promise.all(
    loaded.settings.keys.map(async (key) =>
      createAccessKey({
        name: key.name,
        secret: await secretOf(key, loaded),
        scopes: key.scopes,
        limits: limitsOf(key),
      }),
    ),
  );
}

function limitsOf(key: KeySetting): KeyLimits {
  const micros = (amount: number | null): number | null =>
    amount === null ? null : Math.round(amount * 1_000_000);
  return {
    models: key.models,
    requestsPerMinute: key.requestsPerMinute,
    tokensPerMinute: key.tokensPerMinute,
    dayMicros: micros(key.budgetPerDay),
    monthMicros: micros(key.budgetPerMonth),
    isLocalOnly: key.localOnly,
    privacyMode: key.privacy,
  };
}

/** A secret that may ask models, for commands of this machine's owner: NEARFAR_KEY, or the first of the settings; null: none. */
export async function firstSecret(loaded: LoadedSettings): Promise<string | null> {
  return secretWith(loaded, 'use');
}

/** The same for what only an administrator may do. */
export async function adminSecret(loaded: LoadedSettings): Promise<string | null> {
  return secretWith(loaded, 'admin');
}

async function secretWith(loaded: LoadedSettings, scope: 'use' | 'admin'): Promise<string | null> {
  const own = process.env['NEARFAR_KEY']?.trim() ?? '';
  if (own !== '') return own;
  if (loaded.settings.keys.length === 0) return null;
  const failures: unknown[] = [];
  for (const key of loaded.settings.keys) {
    if (!key.scopes.includes(scope)) continue;
    try {
      return await secretOf(key, loaded);
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  throw failures[0] instanceof Error
    ? failures[0]
    : new Error(`none of the keys in the settings has the scope \`${scope}\`.`);
}

/** Values that must never be shown in a log, as far as the environment holds them. */
export function secretsOf(loaded: LoadedSettings): readonly string[] {
  const { settings } = loaded;
  const names = [
    settings.hub.tokenEnv,
    'NEARFAR_KEY',
    ...[...settings.keys, ...settings.upstreams].map((entry) => entry.env),
  ];
  const texts = names.flatMap((name) => (name === undefined ? [] : [process.env[name] ?? '']));
  return [...texts, ...databaseSecrets(loaded)].filter((text) => text !== '');
}

/**
 * The key that an upstream wants; null where the settings name none.
 * @throws SettingsError where its variable is empty; NearfarError where its file is missing or open to others
 */
export async function upstreamKey(upstream: UpstreamSetting, loaded: LoadedSettings): Promise<Secret | null> {
  const { name, env, file } = upstream;
  if (file !== undefined) return new Secret(await readSecretFile(file, loaded));
  if (env === undefined) return null;
  const text = process.env[env]?.trim() ?? '';
  if (text !== '') return new Secret(text);
  throw new SettingsError([
    {
      where: loaded.sources.get('upstreams') ?? 'settings',
      setting: 'upstreams',
      message: `upstream "${name}": the environment variable ${env} is not set`,
    },
  ]);
}

async function readSecretFile(file: string, loaded: LoadedSettings): Promise<string> {
  const { readKeyFile } = await import('../access/keys.ts');
  const folder = loaded.file === null ? loaded.home : path.dirname(loaded.file);
  return readKeyFile(path.resolve(folder, file.replace(/^~(?=$|[/\\])/, os.homedir())));
}

async function secretOf(key: KeySetting, loaded: LoadedSettings): Promise<string> {
  if (key.file !== undefined) return readSecretFile(key.file, loaded);
  const name = key.env ?? '';
  const secret = process.env[name];
  if (secret !== undefined && secret !== '') return secret;
  const where = loaded.sources.get('keys') ?? 'settings';
  throw new SettingsError([
    { where, setting: 'keys', message: `key "${key.name}": the environment variable ${name} is not set` },
  ]);
}
