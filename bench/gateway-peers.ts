import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { freePort, startServer, type ChildServer } from './child-server.ts';
import { stubModel } from './gateway-traffic.ts';
import { installWith, plainEnvironment, type Installed } from './installed.ts';

/**
 * The gateways that ours is compared with. Each is installed on demand into a folder of its own, from a lock with a hash
 * for every file (`bench/peers/`), without running scripts of packages, and runs with an environment that holds no secrets.
 */
export interface PeerGateway extends Installed {
  /** Where its clients' requests go, and the headers that lead it to the upstream. */
  readonly path: string;
  headers(upstream: string): Readonly<Record<string, string>>;
  start(folder: string, upstream: string): Promise<ChildServer>;
}

const locks = new URL('./peers/', import.meta.url);
const portkeyVersion = '1.15.2';
const litellmVersion = '1.106.12';
/** It does not start without a key. This one opens nothing. */
const litellmKey = 'sk-bench-0123456789abcdef0123456789abcdef';

export const portkey: PeerGateway = {
  name: 'Portkey',
  version: portkeyVersion,
  path: '/v1/chat/completions',
  headers: (upstream) => ({
    authorization: 'Bearer none',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${upstream}/v1`,
  }),
  async install(folder) {
    for (const name of ['package.json', 'package-lock.json'])
      await copyFile(new URL(`portkey/${name}`, locks), join(folder, name));
    await installWith('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  },
  async start(folder) {
    const port = await freePort();
    return await startServer({
      label: 'Portkey',
      file: process.execPath,
      args: [
        join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
        '--headless',
        `--port=${port}`,
      ],
      env: { ...plainEnvironment(folder), NODE_ENV: 'production' },
      origin: `http://127.0.0.1:${port}`,
      healthPath: '/',
    });
  },
};

export const litellm: PeerGateway = {
  name: 'LiteLLM',
  version: litellmVersion,
  path: '/v1/chat/completions',
  headers: () => ({ authorization: `Bearer ${litellmKey}` }),
  async install(folder) {
    const lock = new URL('litellm.txt', locks).pathname;
    await installWith('python3', ['-m', 'venv', join(folder, 'venv')], folder);
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r'];
    await installWith(join(folder, 'venv/bin/python'), [...args, lock], folder);
  },
  async start(folder, upstream) {
    const port = await freePort();
    const config = join(folder, `config-${port}.yaml`);
    const model = { model: `openai/${stubModel}`, api_base: `${upstream}/v1`, api_key: 'none' };
    // JSON is YAML.
    await writeFile(
      config,
      JSON.stringify({
        model_list: [{ model_name: stubModel, litellm_params: model }],
        general_settings: { master_key: litellmKey },
      }),
    );
    const server = await startServer({
      label: 'LiteLLM',
      file: join(folder, 'venv/bin/python'),
      args: [
        ...[join(folder, 'venv/bin/litellm'), '--config', config, '--telemetry', 'False'],
        ...['--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'],
      ],
      env: {
        ...plainEnvironment(folder),
        LITELLM_LOG: 'ERROR',
        LITELLM_MODE: 'PRODUCTION',
        // Its price list is fetched from elsewhere otherwise.
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      },
      origin: `http://127.0.0.1:${port}`,
      healthPath: '/health/liveliness',
    });
    await rm(config);
    return server;
  },
};
