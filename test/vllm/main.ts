import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { freePort, killServers, startServer } from '../../bench/child-server.ts';
import { installVllm, vllmVersion, type InstalledVllm } from './install.ts';

/**
 * `npm run test:vllm`: installs vLLM's build for CPUs where it is missing, starts it over small real weights, and runs the
 * tests of upstreams against it. Exits 0 where they pass, 1 where they fail, 2 where vLLM could not be had or started.
 */
const folder = join(process.env['NEARFAR_HOME'] ?? join(homedir(), '.nearfar'), 'peers', 'vllm');
const servedName = 'smol';
const startTimeoutMs = 600_000;

function say(text: string): void {
  process.stderr.write(`test:vllm: ${text}\n`);
}

async function main(): Promise<number> {
  let installed: InstalledVllm;
  try {
    installed = await installVllm(folder, say);
  } catch (thrown) {
    say(`vLLM could not be installed, so nothing was tested: ${messageOf(thrown)}`);
    return 2;
  }
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  say(`starting vLLM ${vllmVersion} at ${origin} (a minute or two)`);
  try {
    const server = await startServer({
      label: `vLLM ${vllmVersion}`,
      file: installed.python,
      args: ['-m', 'vllm.entrypoints.openai.api_server', ...flags(installed.model, port)],
      env: {
        ...process.env,
        HF_HUB_OFFLINE: '1',
        VLLM_NO_USAGE_STATS: '1',
        DO_NOT_TRACK: '1',
        VLLM_CPU_KVCACHE_SPACE: '1',
        // It would bind every server to the first core.
        VLLM_CPU_OMP_THREADS_BIND: process.env['VLLM_CPU_OMP_THREADS_BIND'] ?? 'nobind',
      },
      origin,
      healthPath: '/health',
      startTimeoutMs,
    });
    say(`started after ${Math.round(server.startMs / 1000)} s`);
    try {
      return await runTests(origin);
    } finally {
      await server.stop();
    }
  } catch (thrown) {
    say(`vLLM did not start, so nothing was tested: ${messageOf(thrown)}`);
    return 2;
  }
}

function flags(model: string, port: number): readonly string[] {
  return [
    ...['--model', model, '--served-model-name', servedName, '--host', '127.0.0.1', '--port', String(port)],
    ...['--dtype', 'bfloat16', '--max-model-len', '2048', '--max-num-seqs', '16'],
    ...['--max-num-batched-tokens', '2048', '--block-size', '32', '--enforce-eager'],
    ...['--enable-prefix-caching', '--enable-prompt-tokens-details'],
  ];
}

async function runTests(origin: string): Promise<number> {
  const vitest = new URL('../../node_modules/vitest/vitest.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [vitest, 'run', 'test/upstream-vllm.test.ts'], {
    stdio: 'inherit',
    cwd: new URL('../..', import.meta.url).pathname,
    env: { ...process.env, NEARFAR_TEST_VLLM: origin, NEARFAR_TEST_VLLM_MODEL: servedName },
  });
  return await new Promise<number>((resolve) => {
    child.once('error', () => {
      resolve(1);
    });
    child.once('exit', (code) => {
      resolve(code === 0 ? 0 : 1);
    });
  });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killServers();
    process.exit(130);
  });
}
process.exitCode = await main();
