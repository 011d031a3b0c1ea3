import process from 'node:process';
import { packageVersion, platformPackages } from '../engine/llama/package.ts';
import { pinnedVersion } from '../engine/llama/structs.ts';
import type { LoadedSettings } from '../config/load.ts';
import { chooseKernels, findBuiltKernels } from '../kernels/built-kernels.ts';
import { cpuName } from './faster-format.ts';

/** The library that CPU kernels are built for; `null` where no package for the CPU is installed. */
export function libraryOfKernels(): {
  readonly name: string;
  readonly packageVersion: string;
  readonly libraryVersion: string;
} | null {
  const chosen = platformPackages(process.platform, process.arch).find(({ backend }) => backend === 'cpu');
  const version = chosen === undefined ? null : packageVersion(chosen.name);
  if (chosen === undefined || version === null) return null;
  return {
    name: `@node-llama-cpp/${chosen.name} ${version}`,
    packageVersion: version,
    libraryVersion: pinnedVersion,
  };
}

/** What was built in this home for this machine. */
export function foundKernels(home: string): ReturnType<typeof findBuiltKernels> {
  return findBuiltKernels(home, { library: libraryOfKernels()?.name ?? 'none', cpu: cpuName() });
}

/** The kernels that compute a model of this format under these settings; `null`: the shipped ones. @throws NearfarError */
export function kernelsFor({ settings, home }: LoadedSettings, format: string | null): string | null {
  const { kernels, backend } = settings.engine;
  if (kernels === 'shipped' || backend === 'cuda' || backend === 'vulkan' || backend === 'metal') return null;
  return chooseKernels(kernels, foundKernels(home), format);
}
