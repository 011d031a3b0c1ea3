import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFile } from '../models/file-lock.ts';
import { removeBuiltKernels } from './build-kernels.ts';
import { kernelFolder, kernelRecordPath } from './built-kernels.ts';
import { compileKernels } from './compile-kernels.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-build-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Says what its compiler is where it configures for the first time only, as CMake does. */
const fakeCmake = `#!/bin/sh
if [ "$1" = -S ]; then
  files="$4/CMakeFiles/3.31.6"
  [ -e "$files" ] || echo "-- The CXX compiler identification is GNU 12.2.0"
  mkdir -p "$files" "$4/bin"
  printf 'set(CMAKE_CXX_COMPILER "/usr/bin/c++")\\nset(CMAKE_CXX_COMPILER_ID "GNU")\\nset(CMAKE_CXX_COMPILER_VERSION "12.2.0")\\n' > "$files/CMakeCXXCompiler.cmake"
else
  : > "$2/bin/libggml-cpu-zen4.so"
fi
`;

describe.skipIf(process.platform === 'win32')('building kernels', () => {
  it('knows the compiler of a build that was stopped and goes on', async () => {
    const programs = join(folder, 'programs');
    mkdirSync(programs);
    writeFileSync(join(programs, 'cmake'), fakeCmake);
    chmodSync(join(programs, 'cmake'), 0o755);
    const compile = () =>
      compileKernels({
        ...{ source: folder, folder, variant: 'zen4', threadCount: 1 },
        environment: { ...process.env, PATH: `${programs}:${process.env['PATH'] ?? ''}` },
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
    const file = join(folder, 'build', 'bin', 'libggml-cpu-zen4.so');
    expect(await compile()).toEqual({ file, compiler: 'GNU 12.2.0' });
    expect(await compile()).toEqual({ file, compiler: 'GNU 12.2.0' });
  });

  it('is forgotten once a build that runs has ended, and leaves its lock where it is', async () => {
    const kernels = kernelFolder(folder);
    mkdirSync(kernels);
    const work = join(kernels, 'work-3.22.1');
    mkdirSync(work);
    const lock = await lockFile(join(kernels, 'lock'));
    let waitCount = 0;
    const removing = removeBuiltKernels(folder, () => (waitCount += 1));
    await expect.poll(() => waitCount).toBe(1);
    expect(existsSync(work)).toBe(true);
    writeFileSync(kernelRecordPath(folder), '{}');
    lock.release();
    expect(await removing).toBe(true);
    expect(existsSync(work)).toBe(false);
    expect(existsSync(kernelRecordPath(folder))).toBe(false);
    expect(existsSync(join(kernels, 'lock'))).toBe(true);
    expect(await removeBuiltKernels(folder)).toBe(false);
  });

  it('has nothing to forget in a new home', async () => {
    expect(await removeBuiltKernels(folder)).toBe(false);
    expect(existsSync(kernelFolder(folder))).toBe(false);
  });
});
