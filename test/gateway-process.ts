import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { composeGateway } from '../src/cli/compose.ts';
import { loadSettings } from '../src/config/load.ts';
import { listen } from '../src/http/server.ts';

export interface GatewayProcess {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** As `farGateway`, in a process of the operating system of its own. @param environment besides the path of programs */
export async function startGatewayProcess(
  file: object,
  environment: Readonly<Record<string, string>> = {},
): Promise<GatewayProcess> {
  const home = mkdtempSync(join(tmpdir(), 'nearfar-process-'));
  writeFileSync(join(home, 'nearfar.config.json'), JSON.stringify(file));
  const child = fork(new URL(import.meta.url), [home], {
    execArgv: [],
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir(), ...environment },
  });
  const ended = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => {
      resolve(message as string);
    });
    child.once('exit', (code) => {
      reject(new Error(`the gateway's process ended with ${code}`));
    });
  });
  return {
    url,
    pid: child.pid ?? 0,
    async close() {
      child.send('close');
      await ended;
      rmSync(home, { recursive: true });
    },
  };
}

/** The child. */
async function serve(home: string): Promise<void> {
  const loaded = await loadSettings({ environment: process.env, workingFolder: home, home });
  const gateway = await composeGateway(loaded);
  const server = await listen(gateway.app, { host: '127.0.0.1', port: 0, limits: loaded.settings.limits });
  process.once('message', () => {
    void server
      .close(100)
      .then(() => gateway.close())
      .finally(() => process.exit(0));
  });
  if (process.connected) process.send?.(server.url);
}

if (process.argv[1] === new URL(import.meta.url).pathname) await serve(process.argv[2] ?? '');
