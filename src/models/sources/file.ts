import { constants } from 'node:fs';
import { copyFile, link, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { NearfarError } from '../../chat/error.ts';
import { sha256OfFile } from '../file-digest.ts';
import { splitFiles } from '../reference.ts';
import type { FetchContext, FetchedFile } from './source.ts';

/**
 * Takes a GGUF that lies on this machine: by a hard link where the file system is the same, so that it takes
 * no space twice, else by a copy. Removing the model leaves the original alone.
 * @throws NearfarError `not_found`
 */
export async function fetchFile(path: string, context: FetchContext): Promise<readonly FetchedFile[]> {
  const first = resolve(path);
  const files: FetchedFile[] = [];
  for (const name of splitFiles(basename(first))) {
    const source = join(dirname(first), name);
    const found = await stat(source).catch(() => null);
    if (found?.isFile() !== true) throw new NearfarError('not_found', `There is no file ${source}.`);
    const target = join(context.stagingPath, name);
    await rm(target, { force: true });
    const real = await realpath(source);
    await link(real, target).catch(() => copyFile(real, target, constants.COPYFILE_FICLONE));
    const sha256 = await sha256OfFile(target, {
      signal: context.signal,
      onBytes: (receivedBytes) => {
        context.onProgress({ stage: 'verifying', fileName: name, receivedBytes, totalBytes: found.size });
      },
    });
    files.push({ path: target, sha256, verified: false });
  }
  return files;
}
