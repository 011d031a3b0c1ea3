import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type Backend = 'cpu' | 'cuda' | 'vulkan' | 'metal';

/** A platform package of @node-llama-cpp: prebuilt libllama for one platform and one kind of device. */
export interface PlatformPackage {
  readonly name: string;
  readonly backend: Backend;
}

/** Shared libraries of one package, absolute paths. */
export interface PackageFiles {
  readonly folder: string;
  readonly base: string;
  readonly registry: string;
  readonly llama: string;
  /** The GPU backend's own library; `null` for a CPU package, or where it is part of the others. */
  readonly device: string | null;
}

const packagesOf: Readonly<Record<string, readonly PlatformPackage[]>> = {
  'linux-x64': [
    { name: 'linux-x64-cuda', backend: 'cuda' },
    { name: 'linux-x64-vulkan', backend: 'vulkan' },
    { name: 'linux-x64', backend: 'cpu' },
  ],
  'linux-arm64': [{ name: 'linux-arm64', backend: 'cpu' }],
  'darwin-arm64': [{ name: 'mac-arm64-metal', backend: 'metal' }],
  'win32-x64': [
    { name: 'win-x64-cuda', backend: 'cuda' },
    { name: 'win-x64-vulkan', backend: 'vulkan' },
    { name: 'win-x64', backend: 'cpu' },
  ],
};

const driversOf: Readonly<Record<string, readonly string[]>> = {
  'linux-cuda': ['libcuda.so.1', 'libcudart.so.13', 'libcublas.so.13'],
  'linux-vulkan': ['libvulkan.so.1'],
  'win32-cuda': ['nvcuda.dll', 'cudart64_13.dll', 'cublas64_13.dll'],
  'win32-vulkan': ['vulkan-1.dll'],
};

/** The libraries outside the package that a GPU backend of the pinned build is linked to, as its loader names them. */
export function driverLibraries(platform: string, backend: Backend): readonly string[] {
  return driversOf[`${platform}-${backend}`] ?? [];
}

/** What could run here, best first. Empty where nothing was built for this platform. */
export function platformPackages(platform: string, architecture: string): readonly PlatformPackage[] {
  return packagesOf[`${platform}-${architecture}`] ?? [];
}

/** Where an installed package keeps its libraries; `null` where it is absent or incomplete. */
export function packageFiles(name: string): PackageFiles | null {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(`@node-llama-cpp/${name}`);
  } catch {
    return null;
  }
  const folder = join(dirname(dirname(entry)), 'bins', name);
  return existsSync(folder) ? filesIn(folder, readdirSync(folder)) : null;
}

/** E.g. `3.22.1`; `null` where the package is absent. */
export function packageVersion(name: string): string | null {
  const files = packageFiles(name);
  if (files === null) return null;
  try {
    const text = readFileSync(join(dirname(dirname(files.folder)), 'package.json'), 'utf8');
    const { version } = JSON.parse(text) as { readonly version?: unknown };
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}

// The names carry the backend and the version, e.g. libllama.cuda.v0.5.0.so and libggml-cuda.so.
function filesIn(folder: string, names: readonly string[]): PackageFiles | null {
  const find = (pattern: RegExp): string | null => {
    const name = names.find((candidate) => pattern.test(candidate));
    return name === undefined ? null : join(folder, name);
  };
  const base = find(/^(lib)?ggml-base(\.[\w.]+)?\.(so|dylib|dll)$/);
  const registry = find(/^(lib)?ggml(\.[\w.]+)?\.(so|dylib|dll)$/);
  const llama = find(/^(lib)?llama(\.[\w.]+)?\.(so|dylib|dll)$/);
  if (base === null || registry === null || llama === null) return null;
  return { folder, base, registry, llama, device: find(/^(lib)?ggml-(cuda|vulkan|metal)\.(so|dylib|dll)$/) };
}
