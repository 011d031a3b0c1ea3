import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** What the figures were taken on. Read when the benchmark runs, never written down beforehand. */
export interface Machine {
  readonly cpu: string;
  readonly coreCount: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly nearfar: string;
  /** The platform package with libllama's CPU build; a server that finds a GPU's driver loads that one's instead. */
  readonly library: string;
  /** Load average over the last minute before the run; above about 0.5 other work took part. */
  readonly loadBefore: number;
}

export async function readMachine(): Promise<Machine> {
  const own = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    coreCount: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    nearfar: own.version,
    library: await libraryPackage(),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

async function libraryPackage(): Promise<string> {
  const names = [`${platform()}-${arch()}`, `${platform()}-${arch()}-metal`].map((suffix) =>
    `@node-llama-cpp/${suffix}`.replace('darwin', 'mac').replace('win32', 'win'),
  );
  const require = createRequire(import.meta.url);
  for (const name of names) {
    for (const folder of require.resolve.paths(name) ?? []) {
      try {
        const text = await readFile(`${folder}/${name}/package.json`, 'utf8');
        return `${name} ${(JSON.parse(text) as { readonly version: string }).version}`;
      } catch {
        // Not in this folder: packages' own exports forbid asking for package.json by name.
      }
    }
  }
  return 'unknown';
}
