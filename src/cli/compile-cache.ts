import { existsSync } from 'node:fs';
import module from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * Lets Node keep what it compiles: half the time of a start. The engine's process finds it through the environment.
 * In a clone it lies in node_modules; elsewhere where Node wants it, in the folder for temporary files.
 */
export function keepCompiledCode(): void {
  if (process.env['NODE_COMPILE_CACHE'] !== undefined) return;
  const isClone = import.meta.url.endsWith('.ts');
  const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url));
  module.enableCompileCache(isClone && existsSync(modules) ? `${modules}.cache/node-compile` : undefined);
  const folder = module.getCompileCacheDir();
  if (folder !== undefined) process.env['NODE_COMPILE_CACHE'] = folder;
}
