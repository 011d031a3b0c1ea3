import os from 'node:os';
import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import type { ModelStore } from '../models/store.ts';

/** The models on this machine, as the settings say. `log` takes lines for people. */
export async function openStore(
  loaded: LoadedSettings,
  log: (line: string) => void,
  keeps: 'models' | 'adapters' = 'models',
): Promise<ModelStore> {
  const { createModelStore } = await import('../models/store.ts');
  const { usualFolders } = await import('../models/discovery.ts');
  const { hub } = loaded.settings;
  const token = process.env[hub.tokenEnv];
  return createModelStore({
    home: loaded.home,
    hub: { endpoint: hub.endpoint, token: token === undefined || token === '' ? null : token },
    // Other programs' adapters are used in place by file:.
    ...(keeps === 'models' ? { discovery: usualFolders(os.homedir(), process.env) } : { keeps }),
    log,
  });
}
