import { NearfarError } from '../../chat/error.ts';
import { allocate, bind, logCallback, openSharedLibrary } from './bindings.ts';
import type { Bindings, Pointer, StructValue } from './bindings.ts';
import { replaceAmxVariant } from './cpu-variant.ts';
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
  /**
   * CPU kernels that were built on this machine (see src/kernels), in place of those of the package. Where they cannot be loaded
   * the package's are, which `kernels` says. The first to open the library in a process decides. @default null
   */
  readonly builtKernels?: string | null;
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
  /** Whose CPU kernels compute: those of the package, or some that were built here. */
  readonly kernels: 'shipped' | 'built';
  /** libllama's own line of CPU features and compile flags. */
  readonly systemInfo: string;
  /** Devices with the memory that was free when read; read anew at each access. */
  readonly devices: readonly Device[];
  /** Backends that were tried and could not be used, with the loader's reason. */
  readonly rejected: readonly string[];
  readonly bindings: Bindings;
  /** llama_model_default_params, restricted to the devices that `backend` may use. */
  modelDefaults(): StructValue;
  /** Ends logging. The code stays mapped: unloading it under live threads is not safe. */
  close(): void;
}

interface Opened {
  readonly bindings: Bindings;
  readonly chosen: PlatformPackage;
  readonly rejected: readonly string[];
  readonly cpuVariant: string | null;
  readonly kernels: LlamaLibrary['kernels'];
}

// The libraries of two packages share sonames, so a process can hold only one of them.
let opened: Opened | null = null;

/**
 * Finds, loads and checks libllama.
 * @throws NearfarError `unavailable` where no package fits this machine, `internal` where the library is not the pinned one
 */
export function openLibrary(options: LibraryOptions): LlamaLibrary {
  const { onLog } = options;
  sinks.push(onLog);
  try {
    opened ??= openFirst(options.backend, options.builtKernels ?? null);
    return describe(opened, backendOf(opened, options.backend), onLog);
  } catch (error) {
    removeSink(onLog);
    throw error;
  }
}

function describe(open: Opened, backend: Backend, onLog: LibraryOptions['onLog']): LlamaLibrary {
  const { bindings, chosen, rejected, cpuVariant, kernels } = open;
  let isOpen = true;
  return {
    version: bindings.version(),
    backend,
    packageName: `@node-llama-cpp/${chosen.name}`,
    cpuVariant,
    kernels,
    systemInfo: bindings.systemInfo().trim(),
    get devices() {
      return readDevices(bindings).filter((device) => backend !== 'cpu' || !device.isGpu);
    },
    modelDefaults: () => ({
      ...bindings.modelDefaults(),
      // An empty list keeps GPUs out even where their backend is loaded; NULL would mean all of them.
      ...(backend === 'cpu' ? { devices: noDevices() } : {}),
    }),
    rejected,
    bindings,
    close: () => {
      if (isOpen) removeSink(onLog);
      isOpen = false;
    },
  };
}

/** @throws NearfarError where it is not the one that was asked for */
function backendOf({ bindings, chosen }: Opened, asked: LibraryOptions['backend']): Backend {
  if (asked === 'cpu') return 'cpu';
  const found = readDevices(bindings).some((device) => device.isGpu) ? chosen.backend : 'cpu';
  if (asked === 'auto' || asked === found) return found;
  throw new NearfarError(
    'unavailable',
    `The ${asked} backend was asked for, but this process runs on ${found}: no such device was found.`,
    { field: 'backend' },
  );
}

let emptyList: Pointer | null = null;

function noDevices(): Pointer {
  if (emptyList === null) {
    const memory = allocate(8);
    new Uint8Array(memory.buffer).fill(0);
    emptyList = memory.address;
  }
  return emptyList;
}

// Native code has one place to log to, for the life of the process; it goes to whoever opened the library last.
const sinks: LibraryOptions['onLog'][] = [];

function removeSink(onLog: LibraryOptions['onLog']): void {
  const index = sinks.lastIndexOf(onLog);
  if (index >= 0) sinks.splice(index, 1);
}

function openFirst(backend: LibraryOptions['backend'], builtKernels: string | null): Opened {
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
      const kernels = chosen.backend === 'cpu' ? builtKernels : null;
      return { bindings, chosen, rejected, ...start(bindings, files.folder, kernels) };
    } catch (error) {
      if (error instanceof NearfarError) throw error;
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

/** Checks the library, loads its backends, and says which CPU variant was chosen. */
function start(
  bindings: Bindings,
  folder: string,
  builtKernels: string | null,
): Pick<Opened, 'cpuVariant' | 'kernels'> {
  checkLayout(bindings);
  let cpuVariant: string | null = null;
  const onLine: LibraryOptions['onLog'] = (level, text) => {
    // The choice is made inside ggml; its log names the file.
    cpuVariant ??= /ggml-cpu-?([\w.-]*)\.(so|dylib|dll)$/.exec(text)?.[1] ?? null;
    sinks.at(-1)?.(level, text);
  };
  bindings.logSet(logCallback(lineLogger(onLine)).pointer, null);
  const isBuilt = builtKernels !== null && loadBuilt(bindings, builtKernels);
  if (!isBuilt) bindings.loadBackends(folder);
  const variant = isBuilt ? cpuVariant : replaceAmxVariant(bindings, folder, cpuVariant);
  bindings.backendInit();
  return { cpuVariant: variant, kernels: isBuilt ? 'built' : 'shipped' };
}

/** Whether ggml took them: it compares the version of its interface, and what the processor can do. */
function loadBuilt(bindings: Bindings, file: string): boolean {
  if (bindings.loadBackend(file) !== null) return true;
  sinks.at(-1)?.('warn', `The CPU kernels in ${file} cannot be loaded: those of the package compute.`);
  return false;
}

/**
 * Why a GPU backend cannot be loaded here, or `null`. Its drivers are asked for by name first: a library whose
 * dependency is missing fails to load only after others were mapped for it, and with glibc 2.36 what that leaves behind
 * is suspected to crash or hang threads started later (docs/decisions/005 has the counts).
 */
function deviceProblem(files: PackageFiles, backend: Backend): string | null {
  if (files.device === null) return null;
  for (const driver of driverLibraries(process.platform, backend)) {
    const problem = loadProblem(driver);
    if (problem !== null) return `${driver} is needed: ${problem}`;
  }
  return loadProblem(files.device);
}

function loadProblem(library: string): string | null {
  try {
    openSharedLibrary(library);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
