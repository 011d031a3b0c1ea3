import { existsSync } from 'node:fs';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

interface Machine {
  readonly nodeVersion: string;
  readonly platform: string;
  readonly arch: string;
  readonly glibcVersion?: string;
}

const scripts = path.resolve(import.meta.dirname, '../scripts');
// Plain JavaScript without types: it runs before anything is installed.
const { machineProblem } = (await import(path.join(scripts, 'machine.mjs'))) as {
  machineProblem: (machine: Machine) => string | null;
};
const good: Machine = { nodeVersion: '20.20.2', platform: 'linux', arch: 'x64', glibcVersion: '2.36' };

describe('machineProblem', () => {
  it.each<Machine>([
    good,
    { ...good, arch: 'arm64' },
    { nodeVersion: '18.0.0', platform: 'darwin', arch: 'arm64' },
    { nodeVersion: '24.1.0', platform: 'win32', arch: 'x64' },
  ])('has nothing against $platform-$arch', (machine) => {
    expect(machineProblem(machine)).toBeNull();
  });

  it.each<[Partial<Machine>, RegExp]>([
    [{ nodeVersion: '16.20.0' }, /Node 16\.20\.0 is too old.*Install Node 18/],
    [{ arch: 'ia32' }, /no build .* linux-ia32/],
    [{ platform: 'darwin', arch: 'x64' }, /container/],
    [{ glibcVersion: '2.17' }, /glibc 2\.17, is older than 2\.28/],
  ])('says what to do about %o', (difference, expected) => {
    expect(machineProblem({ ...good, ...difference })).toMatch(expected);
  });

  it('knows musl by the absence of glibc', () => {
    expect(machineProblem({ nodeVersion: '20.0.0', platform: 'linux', arch: 'x64' })).toMatch(/musl/);
  });
});

describe('bootstrap', () => {
  it('names its verbs, and passes an exit code on', async () => {
    const bootstrap = path.join(scripts, 'bootstrap.mjs');
    const failure = (args: string[]) =>
      promisify(execFile)(process.execPath, [bootstrap, ...args]).then(
        () => ({ code: 0, stderr: '' }),
        (error: unknown) => error as { code: number; stderr: string },
      );
    expect(await failure(['nonsense'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('start, test') as string,
    });
    // Where this checkout was installed by another way, asking would install it anew.
    if (!existsSync(path.resolve(scripts, '../node_modules/.nearfar-installed'))) return;
    expect(await failure(['run', 'src/cli/main.ts', 'nonsense'])).toMatchObject({ code: 2 });
  }, 30_000);
});
