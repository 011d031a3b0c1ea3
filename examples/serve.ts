import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import path from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
};

/** What a page of nearfar may do: its own scripts, WebAssembly, and the gateway that it was told. */
function policyFor(gateway: string | null): string {
  const connect = gateway === null ? "'self'" : `'self' ${new URL(gateway).origin}`;
  return `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src ${connect}; base-uri 'none'; form-action 'none'`;
}

/** Serves a folder to this machine, isolated so that models may use threads. */
export function serveFolder(folder: string, gateway: string | null = null): Server {
  return createServer((request, response) => {
    void (async () => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      const file = path.join(folder, path.normalize(decodeURIComponent(pathname)));
      const inside = file === folder || file.startsWith(folder + path.sep);
      const name = inside && (await isFolder(file)) ? path.join(file, 'index.html') : file;
      if (!inside || (request.method !== 'GET' && request.method !== 'HEAD') || !(await isFile(name))) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, {
        'content-type': types[path.extname(name)] ?? 'application/octet-stream',
        'content-security-policy': policyFor(gateway),
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'x-content-type-options': 'nosniff',
      });
      if (request.method === 'HEAD') response.end();
      else createReadStream(name).pipe(response);
    })().catch(() => {
      response.writeHead(400).end();
    });
  });
}

async function isFile(name: string): Promise<boolean> {
  return (await stat(name).catch(() => null))?.isFile() === true;
}
async function isFolder(name: string): Promise<boolean> {
  return (await stat(name).catch(() => null))?.isDirectory() === true;
}
