import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NearfarError } from '../chat/error.ts';
import { runTool } from '../models/export/run-tool.ts';

export interface SourceRequest {
  /** Version of the @node-llama-cpp packages, e.g. `3.22.1`: the package of the same version without the scope has the source. */
  readonly packageVersion: string;
  /** What the loaded library calls itself, e.g. `0.5.0-dev`. */
  readonly libraryVersion: string;
  /** Emptied and filled. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * Gets llama.cpp's source at the commit that the shipped library was made of: node-llama-cpp carries it as a git bundle. npm fetches
 * the package from whatever registry it is set to and checks its digest; nothing of it is run.
 * @returns the folder of the source
 * @throws NearfarError where a program is missing, or where the source is not that of the library
 */
export async function fetchKernelSource(request: SourceRequest): Promise<string> {
  const { folder, packageVersion, environment, signal } = request;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const run = (title: string, program: string, args: readonly string[]): Promise<string> =>
    runTool({ title, program, args }, { environment, folder, signal, onLine: () => undefined });
  const bundle = 'package/llama/gitRelease.bundle';
  await run('fetching node-llama-cpp', 'npm', ['pack', '--silent', `node-llama-cpp@${packageVersion}`]);
  const packed = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (packed === undefined)
    throw new NearfarError('internal', 'npm pack ended without a fault and left no package.');
  await run('unpacking', 'tar', ['-xzf', packed, bundle]);
  await rm(join(folder, packed));
  await run('reading the bundle', 'git', ['clone', '--quiet', bundle, 'llama.cpp']);
  await rm(join(folder, 'package'), { recursive: true });
  const source = join(folder, 'llama.cpp');
  const version = await versionOf(source);
  const wanted = request.libraryVersion.replace(/-.*$/, '');
  if (version !== wanted) {
    throw new NearfarError(
      'internal',
      `node-llama-cpp ${packageVersion} carries the source of llama.cpp ${version ?? '?'}, but the library is ${wanted}.`,
    );
  }
  return source;
}

/** Of a checkout of llama.cpp; `null` where it does not say. */
async function versionOf(source: string): Promise<string | null> {
  const file = join(source, 'CMakeLists.txt');
  if (!existsSync(file)) return null;
  const text = await readFile(file, 'utf8');
  const parts = ['MAJOR', 'MINOR', 'PATCH'].map(
    (part) => new RegExp(`LLAMA_VERSION_${part}\\s+(\\d+)`).exec(text)?.[1],
  );
  return parts.includes(undefined) ? null : parts.join('.');
}
