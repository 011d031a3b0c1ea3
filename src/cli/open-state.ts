import path from 'node:path';
import process from 'node:process';
import { Secret } from '../chat/secret.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { Store } from '../store/store.ts';

/** The SQLite file that the settings name. The ledger's journal lies beside it, wherever the rows go. */
export function ledgerFile({ settings, home }: LoadedSettings): string {
  return path.resolve(home, settings.ledgerPath ?? 'ledger.sqlite');
}

/** The connection string of PostgreSQL; null: state is in the file. */
export function databaseUrl({ settings }: LoadedSettings): Secret | null {
  const text = settings.databaseEnv === null ? '' : (process.env[settings.databaseEnv]?.trim() ?? '');
  return text === '' ? null : new Secret(text);
}

/**
 * Keys, budgets and the ledger, where the settings and the environment have them.
 * @throws NearfarError where they cannot be opened
 */
export async function openState(
  loaded: LoadedSettings,
  warn: (message: string, cause?: unknown) => void,
): Promise<Store> {
  const { createStore } = await import('../store/store.ts');
  const url = databaseUrl(loaded);
  return createStore(url === null ? { path: ledgerFile(loaded) } : { url, warn });
}

/** Where that is, for people. */
export async function stateName(loaded: LoadedSettings): Promise<string> {
  const url = databaseUrl(loaded);
  if (url === null) return ledgerFile(loaded);
  const { postgresName } = await import('../store/postgres-name.ts');
  return postgresName(url);
}

/** Values of the connection string that must never be shown in a log. */
export function databaseSecrets(loaded: LoadedSettings): readonly string[] {
  const text = databaseUrl(loaded)?.reveal() ?? '';
  if (!URL.canParse(text)) return text === '' ? [] : [text];
  const { password } = new URL(text);
  let decoded = password;
  try {
    decoded = decodeURIComponent(password);
  } catch {
    // A percent sign that stands for itself.
  }
  return [text, password, decoded].filter((secret) => secret !== '');
}
