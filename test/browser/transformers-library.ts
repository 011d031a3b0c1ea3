import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../../src/models/file-lock.ts';
import { testCachePath } from '../weights.ts';

const version = '4.3.2';

/**
 * Folder of packages that holds Transformers.js, installed at its first use and then kept: with ONNX Runtime it is larger than
 * all else together, so it is no development dependency. What it needs in Node alone is left out.
 */
export async function transformersFolder(): Promise<string> {
  const folder = join(testCachePath(), 'packages', `transformers-${version}`);
  if (existsSync(join(folder, 'done'))) return join(folder, 'node_modules');
  mkdirSync(join(testCachePath(), 'packages'), { recursive: true });
  const lock = await lockFile(join(testCachePath(), 'packages', 'transformers.lock'));
  try {
    if (!existsSync(join(folder, 'done'))) install(folder);
  } finally {
    lock.release();
  }
  return join(folder, 'node_modules');
}

function install(folder: string): void {
  const staging = `${folder}.partial`;
  rmSync(staging, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(staging, 'nothing'), { recursive: true });
  writeFileSync(join(staging, 'nothing', 'package.json'), '{"name":"nothing","version":"1.0.0"}');
  writeFileSync(
    join(staging, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: { '@huggingface/transformers': version },
      overrides: { 'onnxruntime-node': 'file:./nothing', sharp: 'file:./nothing' },
    }),
  );
  const done = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--install-links', '--loglevel=error'],
    {
      cwd: staging,
      encoding: 'utf8',
    },
  );
  if (done.status !== 0) throw new Error(`Transformers.js could not be installed: ${done.stderr}`);
  writeFileSync(join(staging, 'done'), '');
  renameSync(staging, folder);
}
