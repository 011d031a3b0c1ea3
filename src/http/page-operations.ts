import { realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { NearfarError } from '../chat/error.ts';
import { isKnown } from './byte-range.ts';
import type { AppDependencies, PageServing } from './dependencies.ts';
import { requestIdHeaders } from './error-response.ts';
import { fileStream } from './file-stream.ts';
import { defineOperation, type Call, type Operation } from './operation.ts';

type Page = NonNullable<PageServing['page']>;

const typesByEnding: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * A web page of the owner's, on the gateway's own origin and isolated from others (`crossOriginIsolated`), as WebAssembly needs
 * it to use threads. Open to all: whoever follows a link has no key to send.
 */
export function pageOperations({ pages, limits }: AppDependencies): readonly Operation[] {
  const page = pages?.page ?? null;
  if (page === null) return [];
  const serve =
    (pathOf: (call: Call<unknown>) => string) =>
    (call: Call<unknown>): Promise<Response> =>
      pageResponse(page, pathOf(call), call, limits.slowClientMs);
  const shared = {
    method: 'GET',
    dialect: 'internal',
    scope: null,
    body: null,
    answers: { 'text/html': { description: 'The file.' } },
  } as const;
  return [
    defineOperation({
      ...shared,
      path: '/pages/',
      summary: 'The web page of the setting pages.folder: its index.html.',
      handle: serve(() => 'index.html'),
    }),
    defineOperation({
      ...shared,
      path: '/pages/:path{.+}',
      summary: 'A file of that page.',
      handle: serve((call) => call.pathParameter('path')),
    }),
  ];
}

async function pageResponse(
  page: Page,
  path: string,
  call: Call<unknown>,
  idleMs: number,
): Promise<Response> {
  const found = await findFile(page.folder, path);
  if (found === null) throw new NearfarError('not_found', `There is no ${path.slice(0, 200)} in the page.`);
  const etag = `W/"${found.bytes.toString(16)}-${Math.round(found.mtimeMs).toString(16)}"`;
  const headers = {
    'cache-control': 'no-cache',
    etag,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    ...(page.embedderPolicy === 'off'
      ? {}
      : { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': page.embedderPolicy }),
    ...requestIdHeaders('internal', call.requestId),
  };
  if (isKnown(call.headers, etag)) return new Response(null, { status: 304, headers });
  const body =
    found.bytes === 0
      ? null
      : fileStream({
          path: found.path,
          first: 0,
          last: found.bytes - 1,
          idleMs,
          disconnect: call.disconnect,
        });
  return new Response(body, {
    headers: {
      ...headers,
      'content-type': typesByEnding[extname(found.path).toLowerCase()] ?? 'application/octet-stream',
      'content-length': String(found.bytes),
    },
  });
}

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
}

/** A file below the folder; null where it is none, is hidden (`.name`) or lies elsewhere, also by a link. */
async function findFile(folder: string, path: string): Promise<FoundFile | null> {
  const steps = path.split('/').filter((step) => step !== '');
  if (steps.some((step) => step.startsWith('.') || /[\\\0]/.test(step))) return null;
  const wanted = join(folder, ...steps, path.endsWith('/') ? 'index.html' : '');
  const [root, real] = await Promise.all(
    [realpath(folder), realpath(wanted)].map((each) => each.catch(() => null)),
  );
  if (typeof root !== 'string' || real?.startsWith(root + sep) !== true) return null;
  const facts = await stat(real);
  return facts.isFile() ? { path: real, bytes: facts.size, mtimeMs: facts.mtimeMs } : null;
}
