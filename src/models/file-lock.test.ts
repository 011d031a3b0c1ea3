import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

import { temporaryFolder } from '../../test/models-fixtures.ts';
import { lockFile } from './file-lock.ts';

const modulePath = pathToFileURL(join(import.meta.dirname, 'file-lock.ts')).href;

describe('lockFile', () => {
  it('lets one in at a time', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'locks', 'x.lock');
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const lock = await lockFile(path);
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside -= 1;
        lock.release();
      }),
    );
    expect([inside, most]).toEqual([0, 1]);
  });

  it('says once that it waits, and stops waiting when aborted', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.lock');
    const lock = await lockFile(path);
    let waits = 0;
    const abort = new AbortController();
    const waiting = lockFile(path, { signal: abort.signal, onWait: () => (waits += 1) });
    setTimeout(() => {
      abort.abort();
    }, 250);
    await expect(waiting).rejects.toMatchObject({ kind: 'aborted' });
    expect(waits).toBe(1);
    lock.release();
  });

  it('is free again when another process that held it is killed', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.lock');
    const holder = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `const { lockFile } = await import(${JSON.stringify(modulePath)});
         await lockFile(${JSON.stringify(path)});
         console.log('held');
         setInterval(() => {}, 1000);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      await once(holder.stdout, 'data');
      const abort = AbortSignal.timeout(300);
      await expect(lockFile(path, { signal: abort })).rejects.toMatchObject({ kind: 'aborted' });
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    const lock = await lockFile(path, { signal: AbortSignal.timeout(5000) });
    lock.release();
  });
});
