import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NearfarError } from '../chat/error.ts';
import { runTool } from '../models/export/run-tool.ts';

export interface CompileRequest {
  /** llama.cpp's source. */
  readonly source: string;
  /** Where the compiler writes. */
  readonly folder: string;
  /** A build of ggml's CPU kernels, e.g. `zen4`: instruction sets as the shipped one has them. */
  readonly variant: string;
  readonly threadCount: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/**
 * Compiles one build of the CPU kernels, by llama.cpp's own CMake files and with the settings of the shipped one: the same source and
 * instruction sets, another compiler.
 * @returns the library's file, and the compiler as CMake names it
 * @throws NearfarError with the compiler's last lines
 */
export async function compileKernels(
  request: CompileRequest,
): Promise<{ readonly file: string; readonly compiler: string }> {
  const { source, folder, variant, environment, signal } = request;
  const settings = {
    CMAKE_BUILD_TYPE: 'Release',
    BUILD_SHARED_LIBS: 'ON',
    // The shipped libggml-base, which is loaded before, has no version in its name.
    CMAKE_PLATFORM_NO_VERSIONED_SONAME: 'ON',
    ...{ GGML_BACKEND_DL: 'ON', GGML_CPU_ALL_VARIANTS: 'ON', GGML_NATIVE: 'OFF' },
    // As shipped: threads are the pool's that the engine gives.
    ...{ GGML_OPENMP: 'OFF', GGML_CCACHE: 'OFF' },
    ...{ LLAMA_BUILD_COMMON: 'OFF', LLAMA_BUILD_TESTS: 'OFF', LLAMA_BUILD_TOOLS: 'OFF' },
    ...{ LLAMA_BUILD_EXAMPLES: 'OFF', LLAMA_BUILD_SERVER: 'OFF', LLAMA_CURL: 'OFF' },
  };
  const options = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  const run = (title: string, args: readonly string[], onProgress: (fraction: number) => void) =>
    runTool(
      { title, program: 'cmake', args },
      {
        ...{ environment, folder, signal },
        onLine: (_, fraction) => {
          if (fraction !== null) onProgress(fraction);
        },
      },
    );
  const build = join(folder, 'build');
  await run('configuring', ['-S', source, '-B', build, ...options], () => undefined);
  const target = `ggml-cpu-${variant}`;
  await run(
    'compiling',
    ['--build', build, '--config', 'Release', '--target', target, '--parallel', String(request.threadCount)],
    request.onProgress,
  );
  const file = join(build, 'bin', `lib${target}.so`);
  if (!existsSync(file))
    throw new NearfarError('internal', `The compiler ended without a fault and left no ${file}.`);
  return { file, compiler: await compilerOf(build) };
}

/** As CMake keeps it: said aloud it is only where a folder is configured for the first time, not where a build goes on. */
async function compilerOf(build: string): Promise<string> {
  const folder = join(build, 'CMakeFiles');
  for (const name of await readdir(folder).catch(() => [])) {
    const text = await readFile(join(folder, name, 'CMakeCXXCompiler.cmake'), 'utf8').catch(() => '');
    const [, id] = /^set\(CMAKE_CXX_COMPILER_ID "(.+)"\)/m.exec(text) ?? [];
    const [, version] = /^set\(CMAKE_CXX_COMPILER_VERSION "(.+)"\)/m.exec(text) ?? [];
    if (id !== undefined) return version === undefined ? id : `${id} ${version}`;
  }
  return 'unknown';
}
