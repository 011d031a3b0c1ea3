import { basename, join } from 'node:path';

import { splitFiles } from '../reference.ts';
import { downloadFile } from './download.ts';
import { createHttpClient } from './http-client.ts';
import type { FetchContext, FetchedFile } from './source.ts';

/**
 * Downloads a GGUF from an address; a split model's other parts are taken from beside it.
 * @throws NearfarError `unavailable`, `not_found`
 */
export async function fetchHttps(url: string, context: FetchContext): Promise<readonly FetchedFile[]> {
  const client = createHttpClient(context.connectTimeoutMs);
  try {
    const first = new URL(url);
    const names = splitFiles(basename(decodeURIComponent(first.pathname)));
    const files: FetchedFile[] = [];
    for (const name of names) {
      const address = new URL(first);
      address.pathname = address.pathname.replace(/[^/]+$/, encodeURIComponent(name));
      const isOnly = names.length === 1;
      files.push(
        await downloadFile(
          {
            url: address.href,
            path: join(context.stagingPath, name.replace(/[^A-Za-z0-9._+-]/g, '_')),
            headers: {},
            sha256: isOnly ? context.expectedSha256 : null,
            sizeBytes: null,
          },
          client,
          context,
        ),
      );
    }
    return files;
  } finally {
    await client.close();
  }
}
