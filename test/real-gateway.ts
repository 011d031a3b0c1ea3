import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeGateway, type Gateway } from '../src/cli/compose.ts';
import { loadSettings } from '../src/config/load.ts';
import { listen } from '../src/http/server.ts';
import { createModelStore } from '../src/models/store.ts';
import { testWeights } from './weights.ts';

export interface RealGateway {
  readonly url: string;
  /** The id of the one model that is here. */
  readonly modelId: string;
  readonly gateway: Gateway;
  readonly close: () => Promise<void>;
}

/**
 * The whole gateway with real weights behind a real socket, in a home of its own.
 * @param settings as flags would give them, by path
 * @param file what stands in the settings file
 * @param keptHome a home that is left as it is at the end, for the next one
 * @param others further GGUF files that are here
 */
export async function realGateway(
  settings: Readonly<Record<string, string>> = {},
  file: object = {},
  keptHome: string | null = null,
  others: readonly string[] = [],
): Promise<RealGateway> {
  const home = keptHome ?? mkdtempSync(join(tmpdir(), 'nearfar-http-'));
  // Weights come from the test cache; the hub is never asked.
  const store = createModelStore({ home, hub: { endpoint: 'http://127.0.0.1:9', token: null } });
  const model = await store.pull(`file:${await testWeights('smollm2')}`);
  for (const path of others) await store.pull(`file:${path}`);
  writeFileSync(join(home, 'nearfar.config.json'), JSON.stringify(file));
  const flags = {
    near: model.id,
    port: '0',
    logLevel: 'error',
    'engine.contextTokenCount': '2048',
    // Tests ask the same again to see what the engine does.
    'cache.exact': 'false',
    // Threads of two engines that wait for each other's cores at their barriers take many times as long.
    'engine.threadCount': '1',
    ...settings,
  };
  const loaded = await loadSettings({
    environment: {},
    workingFolder: home,
    home,
    flags: new Map(Object.entries(flags).map(([path, text]) => [path, { flag: `--${path}`, text }])),
  });
  const gateway = await composeGateway(loaded);
  const server = await listen(gateway.app, { host: '127.0.0.1', port: 0, limits: loaded.settings.limits });
  await gateway.localModels.load(model.id);
  return {
    url: server.url,
    modelId: model.id,
    gateway,
    async close() {
      await server.close(100);
      await gateway.close();
      if (keptHome === null) rmSync(home, { recursive: true });
    },
  };
}
