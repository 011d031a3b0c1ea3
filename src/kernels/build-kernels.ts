import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NearfarError } from '../chat/error.ts';
import { landFile, sha256OfFile, writeJsonAtomically } from '../models/file-digest.ts';
import { lockFile } from '../models/file-lock.ts';
import { runTool } from '../models/export/run-tool.ts';
import { kernelFolder, kernelRecordPath, type BuiltKernels, type KernelRecord } from './built-kernels.ts';
import { compareKernels, type ComparingTools } from './compare-kernels.ts';
import { compileKernels } from './compile-kernels.ts';
import { fetchKernelSource } from './kernel-source.ts';

export interface BuildRequest {
  readonly home: string;
  /** The library that is to load them. */
  readonly library: {
    /** E.g. `@node-llama-cpp/linux-x64 3.22.1`. */
    readonly name: string;
    readonly packageVersion: string;
    readonly libraryVersion: string;
    /** The shipped build that this processor gets, e.g. `zen4`. */
    readonly variant: string;
  };
  readonly cpu: string;
  readonly platform: NodeJS.Platform;
  readonly threadCount: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Another build runs in this home. */
  readonly onWait: () => void;
  readonly onStatus: (text: string) => void;
  readonly onProgress: (fraction: number) => void;
}

const lockName = 'lock';
/** Where the whole is by its parts: fetching, compiling, comparing. */
const shares = { fetched: 0.1, compiled: 0.5 };

/**
 * Builds this processor's CPU kernels with this machine's compiler, compares them with the shipped ones and keeps them with what was
 * found. What was fetched and compiled stays until then, so that a build that was stopped goes on.
 * @throws NearfarError `unsupported` off Linux, `unavailable` where a program is missing, `aborted`, or why it failed
 */
export async function buildKernels(request: BuildRequest, tools: ComparingTools): Promise<BuiltKernels> {
  const { home, library, cpu, environment, signal, onStatus, onProgress } = request;
  if (request.platform !== 'linux')
    throw new NearfarError(
      'unsupported',
      'CPU kernels are built on Linux only; elsewhere the shipped ones are used.',
    );
  await requirePrograms(request);
  const folder = kernelFolder(home);
  await mkdir(folder, { recursive: true });
  const lock = await lockFile(join(folder, lockName), { signal, onWait: request.onWait });
  try {
    const work = join(folder, `work-${library.packageVersion}`);
    await removeOthers(folder, work);
    await mkdir(work, { recursive: true });
    const source = join(work, 'source');
    if (!existsSync(source)) {
      onStatus('fetching the source');
      const partial = join(work, 'source.partial');
      await fetchKernelSource({ ...library, folder: partial, environment, signal });
      await rename(join(partial, 'llama.cpp'), source);
      await rm(partial, { recursive: true, force: true });
    }
    onProgress(shares.fetched);
    onStatus('compiling');
    const { file, compiler } = await compileKernels({
      ...{
        source,
        folder: work,
        variant: library.variant,
        threadCount: request.threadCount,
        environment,
        signal,
      },
      onProgress: (fraction) => {
        onProgress(shares.fetched + (shares.compiled - shares.fetched) * fraction);
      },
    });
    onStatus('comparing');
    const { variant, comparisons } = await compareKernels(
      {
        ...{ file, threadCount: request.threadCount, folder: work, signal },
        onProgress: (fraction) => {
          onProgress(shares.compiled + (1 - shares.compiled) * fraction);
        },
      },
      tools,
    );
    const fileName = `libggml-cpu-${variant}.so`;
    const record: KernelRecord = {
      ...{ fileName, variant, cpu, compiler, comparisons, library: library.name },
      sha256: await sha256OfFile(file),
      builtAt: new Date().toISOString(),
    };
    const landed = join(folder, fileName);
    await copyFile(file, `${landed}.partial`);
    // A new file in its place: processes that have the old one mapped keep it.
    await landFile(`${landed}.partial`, landed);
    await writeJsonAtomically(kernelRecordPath(home), record);
    await rm(work, { recursive: true, force: true });
    return { file: landed, record };
  } finally {
    lock.release();
  }
}

/** What builds of other versions left behind. */
async function removeOthers(folder: string, work: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.startsWith('work-') && path !== work) await rm(path, { recursive: true, force: true });
  }
}

const programs = [
  { name: 'npm', args: ['--version'], brings: 'comes with Node' },
  { name: 'git', args: ['--version'], brings: 'package git' },
  { name: 'tar', args: ['--version'], brings: 'package tar' },
  { name: 'cmake', args: ['--version'], brings: 'package cmake, or pip install cmake' },
  { name: 'c++', args: ['--version'], brings: 'packages g++ and make' },
] as const;

async function requirePrograms({ environment, signal }: BuildRequest): Promise<void> {
  const missing: string[] = [];
  for (const { name, args, brings } of programs) {
    try {
      await runTool({ title: name, program: name, args }, { environment, signal, onLine: () => undefined });
    } catch (error) {
      if (signal.aborted) throw error;
      missing.push(`${name} (${brings})`);
    }
  }
  if (missing.length > 0)
    throw new NearfarError('unavailable', `Building kernels needs ${missing.join(', ')}; not found here.`);
}

/** Forgets what was built; the shipped kernels compute from then on. A build that runs is waited for, which `onWait` is told. */
export async function removeBuiltKernels(
  home: string,
  onWait: () => void = () => undefined,
): Promise<boolean> {
  const folder = kernelFolder(home);
  if (!existsSync(folder)) return false;
  const lock = await lockFile(join(folder, lockName), { onWait });
  try {
    const existed = existsSync(kernelRecordPath(home));
    // Not the lock itself: two could hold it then.
    for (const name of await readdir(folder))
      if (name !== lockName) await rm(join(folder, name), { recursive: true, force: true });
    return existed;
  } finally {
    lock.release();
  }
}
