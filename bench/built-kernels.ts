import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { foundKernels, libraryOfKernels } from '../src/cli/found-kernels.ts';
import { cpuName } from '../src/cli/faster-format.ts';
import { openLibrary } from '../src/engine/llama/library.ts';
import { buildKernels } from '../src/kernels/build-kernels.ts';
import { comparingTools } from '../src/kernels/kernel-run-job.ts';
import type { BenchmarkSetup } from './benchmark.ts';

/** The CPU kernels of `nearfar kernels build`, built into the nearfar home where they are missing, as the peer is. */
export async function builtKernels({
  threadCount,
  progress,
}: Pick<BenchmarkSetup, 'threadCount' | 'progress'>): Promise<{
  readonly file: string;
  readonly compiler: string;
}> {
  const home = process.env['NEARFAR_HOME'] ?? join(homedir(), '.nearfar');
  const { built } = foundKernels(home);
  if (built !== null) return { file: built.file, compiler: built.record.compiler };
  const opened = openLibrary({ backend: 'cpu', onLog: () => undefined });
  const { cpuVariant: variant } = opened;
  opened.close();
  const library = libraryOfKernels();
  if (library === null || variant === null) throw new Error('No CPU kernels are shipped for this machine.');
  const { file, record } = await buildKernels(
    {
      ...{ home, library: { ...library, variant }, cpu: cpuName(), platform: process.platform, threadCount },
      ...{ environment: process.env, signal: new AbortController().signal },
      onWait: () => {
        progress('CPU kernels: waiting for another build');
      },
      onStatus: (text) => {
        progress(`CPU kernels: ${text} (once, some minutes)`);
      },
      onProgress: () => undefined,
    },
    comparingTools,
  );
  return { file, compiler: record.compiler };
}
