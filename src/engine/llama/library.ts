import { NearfarError } from '../../chat/error.ts';
import { bind, logCallback, openSharedLibrary } from './bindings.ts';
import type { Bindings, Pointer } from './bindings.ts';
import { readDevices } from './device.ts';
import type { Device } from './device.ts';
import { checkLayout } from './layout.ts';
import { driverLibraries, packageFiles, platformPackages } from './package.ts';
import type { Backend, PackageFiles, PlatformPackage } from './package.ts';
import { enums } from './structs.ts';

export type LogLevel = 'error' | 'warn' | 'info';

export interface LibraryOptions {
  /** `auto`: the first GPU whose package is installed, whose driver loads and that reports a device; else the CPU. */
  readonly backend: 'auto' | Backend;
  /** One call per line that the native code logs. */
  readonly onLog: (level: LogLevel, text: string) => void;
}

/** libllama, loaded once per process. */
export interface LlamaLibrary {
  readonly version: string;
  /** What computes: a GPU kind only where such a device was found. */
  readonly backend: Backend;
  readonly packageName: string;
  /** The build of the CPU kernels that suits this processor, e.g. `zen4`; `null` where it cannot be told. */
  readonly cpuVariant: string | null;
  /** libllama's own line of CPU features and compile flags. */
  readonly systemInfo: string;
  /** Devices with the memory that was free when read; read anew at each access. */
  readonly devices: readonly Device[];
  /** Backends that were tried and could not be used, with the loader's reason. */
  readonly rejected: readonly string[];
  readonly bindings: Bindings;
  /** Ends logging. The code stays mapped: unloading it under live threads is not safe. */
  close(): void;
}

interface Opened {
  readonly bindings: Bindings;
  readonly chosen: PlatformPackage;
  readonly folder: string;
  readonly rejected: readonly string[];
  readonly cpuVariant: string | null;
}

// The libraries of two packages share sonames, so a process can hold only one of them.
let opened: Opened | null = null;

/**
 * Finds, loads and checks libllama.
 * @throws NearfarError `unavailable` where no package fits this machine, `internal` where the library is not the pinned one
 */
export function openLibrary(options: LibraryOptions): LlamaLibrary {
  const first = opened === null;
  opened ??= openFirst(options.backend);
  const { bindings, chosen, folder, rejected } = opened;
  let cpuVariant = opened.cpuVariant;
  const onLog: LibraryOptions['onLog'] = (level, text) => {
    cpuVariant ??= cpuVariantIn(text);
    options.onLog(level, text);
  };
  const log = logCallback(lineLogger(onLog));
  bindings.logSet(log.pointer, null);
  if (first) {
    checkLayout(bindings);
    bindings.loadBackends(folder);
    bindings.backendInit();
    opened = { ...opened, cpuVariant };
  }
  const backend = readDevices(bindings).some((device) => device.isGpu) ? chosen.backend : 'cpu';
  if (options.backend !== 'auto' && options.backend !== backend) {
    throw new NearfarError(
      'unavailable',
      `The ${options.backend} backend was asked for, but this process runs on ${backend}: no such device was found.`,
      { field: 'backend' },
    );
  }
  let isOpen = true;
  return {
    version: bindings.version(),
    backend,
    packageName: `@node-llama-cpp/${chosen.name}`,
    cpuVariant,
    systemInfo: bindings.systemInfo().trim(),
    get devices() {
      return readDevices(bindings);
    },
    rejected,
    bindings,
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      bindings.logSet(silence(), null);
      log.release();
    },
  };
}

function openFirst(backend: LibraryOptions['backend']): Opened {
  const rejected: string[] = [];
  const candidates = platformPackages(process.platform, process.arch);
  if (candidates.length === 0) {
    throw new NearfarError(
      'unavailable',
      `No libllama is built for ${process.platform} on ${process.arch}; nearfar runs models on Linux (x64, arm64), macOS (arm64) and Windows (x64).`,
    );
  }
  for (const chosen of candidates) {
    const isLast = chosen === candidates.at(-1);
    if (backend !== 'auto' && chosen.backend !== backend && !(backend === 'cpu' && isLast)) continue;
    const files = packageFiles(chosen.name);
    if (files === null) {
      rejected.push(`@node-llama-cpp/${chosen.name} is not installed`);
      continue;
    }
    const problem = chosen.backend === 'cpu' ? null : deviceProblem(files, chosen.backend);
    if (problem !== null) {
      rejected.push(`@node-llama-cpp/${chosen.name}: ${problem}`);
      continue;
    }
    try {
      const base = openSharedLibrary(files.base);
      const registry = openSharedLibrary(files.registry);
      const bindings = bind(base, registry, openSharedLibrary(files.llama));
      return { bindings, chosen, folder: files.folder, rejected, cpuVariant: null };
    } catch (error) {
      throw new NearfarError(
        'unavailable',
        `libllama cannot be loaded from ${files.folder}: ${reasonOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }
  throw new NearfarError(
    'unavailable',
    `No usable libllama for the ${backend} backend: ${rejected.join('; ')}. Run npm install again.`,
    { field: 'backend' },
  );
}

/**
 * Why a GPU backend cannot be loaded here, or `null`. Its drivers are asked for by name first: a library whose
 * dependency is missing fails to load only after others were mapped for it, and with glibc 2.36 what that leaves behind
 * crashes or hangs threads started later (seen here: 7 of 14 runs, none of 14 when the failing load is avoided).
 */
function deviceProblem(files: PackageFiles, backend: Backend): string | null {
  if (files.device === null) return null;
  try {
    for (const driver of driverLibraries(process.platform, backend)) openSharedLibrary(driver);
    openSharedLibrary(files.device);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

let silent: Pointer | null = null;

// NULL would send the log to stderr, so a callback that drops it stays registered for the life of the process.
function silence(): Pointer {
  silent ??= logCallback(() => undefined).pointer;
  return silent;
}

/** Joins continued pieces, splits at line ends, and drops debug output. Exported for its test. */
export function lineLogger(onLog: LibraryOptions['onLog']): (level: number, text: string) => void {
  const levels = enums.ggml_log_level;
  let pending = '';
  let pendingLevel: number = levels.GGML_LOG_LEVEL_INFO;
  return (level, text) => {
    if (level !== levels.GGML_LOG_LEVEL_CONT) pendingLevel = level;
    pending += text;
    for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
      const line = pending.slice(0, end).trimEnd();
      pending = pending.slice(end + 1);
      if (line === '' || pendingLevel < levels.GGML_LOG_LEVEL_INFO) continue;
      const isError = pendingLevel === levels.GGML_LOG_LEVEL_ERROR;
      onLog(isError ? 'error' : pendingLevel === levels.GGML_LOG_LEVEL_WARN ? 'warn' : 'info', line);
    }
  };
}

// The choice is made inside ggml; its log names the file.
function cpuVariantIn(line: string): string | null {
  return /ggml-cpu-?([\w.-]*)\.(so|dylib|dll)$/.exec(line)?.[1] ?? null;
}
