import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import process from 'node:process';
import { promisify } from 'node:util';
import type { NearfarServer } from './benchmark.ts';
import { freePort, startServer } from './child-server.ts';
import { sideOf } from './sides.ts';

export interface NearfarOptions {
  /** A folder of its own, so that a benchmark neither sees nor changes what the user keeps. */
  readonly home: string;
  readonly modelPath: string;
  readonly threadCount: number;
  /** Further settings, `path=value`, as `--set` takes them. */
  readonly settings: readonly string[];
}

const entry = new URL('../src/cli/main.ts', import.meta.url).pathname;

/** Settings under which the server is measured; all others are the defaults of the product. */
function settingArguments(options: NearfarOptions, modelId: string, port: number): string[] {
  const settings = [
    `port=${port}`,
    `near=${modelId}`,
    `engine.threadCount=${options.threadCount}`,
    ...options.settings,
  ];
  return settings.flatMap((setting) => ['--set', setting]);
}

/** Our own server as a user starts it: `nearfar serve`, as a process of its own, over a store of its own. */
export function openNearfar(options: NearfarOptions): NearfarServer {
  let installed: Promise<string> | null = null;
  return {
    async start() {
      const modelId = await (installed ??= installModel(options));
      const port = await freePort();
      const server = await startServer({
        label: 'nearfar serve',
        file: process.execPath,
        args: [entry, 'serve', '--home', options.home, ...settingArguments(options, modelId, port)],
        env: process.env,
        origin: `http://127.0.0.1:${port}`,
        healthPath: '/ready',
      });
      return sideOf('nearfar', modelId, server);
    },
  };
}

/** Puts the model into the benchmark's store by `nearfar pull file:` and returns its id. */
async function installModel(options: NearfarOptions): Promise<string> {
  await mkdir(options.home, { recursive: true });
  const run = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, [entry, ...args, '--home', options.home]);
    return stdout;
  };
  await run('pull', `file:${options.modelPath}`);
  const listed = JSON.parse(await run('models', '--json')) as unknown;
  const id = findId(listed, options.modelPath);
  if (id === null) throw new Error(`"nearfar models --json" does not list file:${options.modelPath}`);
  return id;
}

/** The id of the model that came from this file, in the output of `nearfar models --json`. */
export function findId(listed: unknown, modelPath: string): string | null {
  const models = Array.isArray(listed) ? listed : ((listed as { models?: unknown[] } | null)?.models ?? []);
  for (const model of models as { id?: unknown; reference?: unknown }[]) {
    if (typeof model.id === 'string' && model.reference === `file:${modelPath}`) return model.id;
  }
  return null;
}
