import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

/** A program of others that is installed on demand into a folder of its own, outside the repository. */
export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly install: (folder: string) => Promise<void>;
}

/**
 * Installs it where it is missing.
 * @returns its folder
 * @throws Error with the installer's last words, which name a missing package
 */
export async function installOnce(
  { name, version, install }: Installed,
  parent: string,
  onStatus: (text: string) => void,
): Promise<string> {
  const folder = join(parent, `${name.toLowerCase().replaceAll(' ', '-')}-${version}`);
  if (existsSync(join(folder, 'complete'))) return folder;
  onStatus(`installing ${name} ${version} (once)`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await install(folder);
  await writeFile(join(folder, 'complete.partial'), '');
  await rename(join(folder, 'complete.partial'), join(folder, 'complete'));
  return folder;
}

/** Runs an installer. @throws Error with its last words */
export async function installWith(file: string, args: readonly string[], folder: string): Promise<void> {
  try {
    await promisify(execFile)(file, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024, timeout: 900_000 });
  } catch (thrown) {
    const { stderr = '', message } = thrown as Error & { readonly stderr?: string };
    throw new Error(`${file} ${args.slice(0, 3).join(' ')}: ${stderr.slice(-2000) || message}`, {
      cause: thrown,
    });
  }
}

/** What a program needs to start, and nothing that could be a secret. */
export function plainEnvironment(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: home, LANG: 'C.UTF-8' };
}
