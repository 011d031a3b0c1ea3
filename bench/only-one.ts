import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const lockPath = join(tmpdir(), 'nearfar-bench.lock');

/**
 * Two benchmarks at once spoil each other's figures, so only one runs on a machine.
 * @returns releases the place
 * @throws Error naming the process that holds it
 */
export function onlyOne(): () => void {
  const holder = holderOf(lockPath);
  if (holder !== null) {
    throw new Error(
      `another benchmark runs on this machine (process ${holder}); both would give wrong figures. Wait for its end.`,
    );
  }
  rmSync(lockPath, { force: true });
  writeFileSync(lockPath, String(process.pid), { flag: 'wx' });
  const release = () => {
    rmSync(lockPath, { force: true });
  };
  process.once('exit', release);
  return release;
}

/** The living process that the file names, or null. */
function holderOf(path: string): number | null {
  try {
    const holder = Number(readFileSync(path, 'utf8'));
    process.kill(holder, 0);
    return holder;
  } catch {
    return null;
  }
}
