import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeGateway, type Gateway } from '../src/cli/compose.ts';
import { loadSettings } from '../src/config/load.ts';
import { listen } from '../src/http/server.ts';
import type { LedgerRow } from '../src/ledger/row.ts';
import { createModelStore } from '../src/models/store.ts';

export interface FarGateway {
  readonly url: string;
  readonly gateway: Gateway;
  /** Everything that was logged. */
  readonly rows: () => Promise<readonly LedgerRow[]>;
  readonly home: string;
  readonly close: () => Promise<void>;
}

/**
 * The whole gateway behind a real socket, with upstreams and no model of its own: nothing is loaded.
 * @param models GGUF files that are here all the same
 * @param keptHome a folder that is there and stays
 */
export async function farGateway(
  file: object,
  models: readonly string[] = [],
  keptHome: string | null = null,
): Promise<FarGateway> {
  const home = keptHome ?? mkdtempSync(join(tmpdir(), 'nearfar-far-'));
  const store = createModelStore({ home, hub: { endpoint: 'http://127.0.0.1:9', token: null } });
  for (const path of models) await store.pull(`file:${path}`);
  writeFileSync(join(home, 'nearfar.config.json'), JSON.stringify(file));
  const loaded = await loadSettings({ environment: {}, workingFolder: home, home });
  const gateway = await composeGateway(loaded);
  const server = await listen(gateway.app, { host: '127.0.0.1', port: 0, limits: loaded.settings.limits });
  return {
    url: server.url,
    gateway,
    rows: () => gateway.ledger.recent(1000),
    home,
    async close() {
      await server.close(100);
      await gateway.close();
      if (keptHome === null) rmSync(home, { recursive: true });
    },
  };
}
