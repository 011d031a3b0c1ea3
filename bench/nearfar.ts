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
const defaultModel = 'smollm2-135m-instruct';

interface ListedModel {
  readonly id: string;
  readonly reference: string;
  readonly path: string;
}

/** Our own server as a user starts it: `nearfar serve`, as a process of its own, over a store of its own. */
export function openNearfar(options: NearfarOptions): NearfarServer {
  let installed: Promise<string> | null = null;
  return {
    home: options.home,
    install: async () => ({ home: options.home, modelId: await (installed ??= installModel(options)) }),
    async start(settings = []) {
      const modelId = await (installed ??= installModel(options));
      const port = await freePort();
      const server = await startServer({
        label: 'nearfar serve',
        file: process.execPath,
        args: [
          entry,
          'serve',
          '--home',
          options.home,
          ...settingArguments({ ...options, settings: [...options.settings, ...settings] }, modelId, port),
        ],
        env: process.env,
        origin: `http://127.0.0.1:${port}`,
        healthPath: '/ready',
      });
      return sideOf('nearfar', modelId, server);
    },
  };
}

/**
 * The file that the user's own store loads for the default model: pulled if it is absent, and in the format that is fastest here,
 * as the first start of the server chooses it. Else nearfar would choose one for itself and the peer be given another.
 */
export async function defaultModelPath(nearfarHome: string): Promise<string> {
  await runCommand(nearfarHome, 'pull', defaultModel, '--requantize');
  const pulled = (await listModels(nearfarHome)).find((model) => model.id === defaultModel);
  if (pulled === undefined) throw new Error(`${defaultModel} was pulled and is not listed`);
  return pulled.path;
}

/** Settings under which the server is measured; all others are the defaults of the product. */
function settingArguments(options: NearfarOptions, modelId: string, port: number): string[] {
  const settings = [
    `port=${port}`,
    `near=${modelId}`,
    `engine.threadCount=${options.threadCount}`,
    // The file that is named is the one that is measured, and that its peer gets too.
    'fastestFormat=false',
    // A model this small repeats itself, and what repeats itself is drafted well: that must not flatter a figure.
    'engine.speculation=off',
    // What is measured is made anew each time.
    'cache.exact=false',
    ...options.settings,
  ];
  return settings.flatMap((setting) => ['--set', setting]);
}

/** Puts the model into the benchmark's store by `nearfar pull file:` and returns its id. */
async function installModel(options: NearfarOptions): Promise<string> {
  await mkdir(options.home, { recursive: true });
  await runCommand(options.home, 'pull', `file:${options.modelPath}`);
  const listed = await listModels(options.home);
  const model = findByFile(listed, options.modelPath);
  if (model === null) throw new Error(`"nearfar models --json" does not list file:${options.modelPath}`);
  return model.id;
}

/** The model that came from this file; others may be listed because they are used in place. */
export function findByFile(listed: readonly ListedModel[], modelPath: string): ListedModel | null {
  return listed.find((model) => model.reference === `file:${modelPath}`) ?? null;
}

async function listModels(home: string): Promise<readonly ListedModel[]> {
  return JSON.parse(await runCommand(home, 'models', '--json')) as ListedModel[];
}

async function runCommand(home: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [entry, ...args, '--home', home]);
  return stdout;
}
