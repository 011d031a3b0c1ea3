import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { foundKernels } from '../src/cli/found-kernels.ts';
import type { BuiltKernels } from '../src/kernels/built-kernels.ts';
import { kernelFolder } from '../src/kernels/built-kernels.ts';
import type { BenchmarkSetup } from './benchmark.ts';

const entry = new URL('../src/cli/main.ts', import.meta.url).pathname;

/**
 * The CPU kernels of `nearfar kernels build`, built into the nearfar home where they are missing, as the peer is. In a process of its
 * own: this one must be free to load either kind.
 * @throws Error where they cannot be built here
 */
export async function builtKernels({ progress }: Pick<BenchmarkSetup, 'progress'>): Promise<BuiltKernels> {
  const home = process.env['NEARFAR_HOME'] ?? join(homedir(), '.nearfar');
  const found = foundKernels(home).built;
  if (found !== null) return found;
  progress('building CPU kernels (once, some minutes)');
  await promisify(execFile)(process.execPath, [entry, 'kernels', 'build', '--home', home], {
    maxBuffer: 2 ** 26,
  });
  const { built, problem } = foundKernels(home);
  if (built === null) throw new Error(`No CPU kernels were built: ${problem ?? 'see nearfar kernels build'}`);
  return built;
}

/** As `builtKernels`, and a copy in the benchmark's own home, where its server looks for them. */
export async function builtKernelsInto(
  benchHome: string,
  progress: BenchmarkSetup['progress'],
): Promise<BuiltKernels> {
  const built = await builtKernels({ progress });
  const home = process.env['NEARFAR_HOME'] ?? join(homedir(), '.nearfar');
  await cp(kernelFolder(home), kernelFolder(benchHome), { recursive: true });
  return built;
}
