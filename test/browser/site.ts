import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Seen } from '../fake-gateway.ts';
import { fakeFacts, hello, listeningFakeGateway, type Script } from '../fake-gateway.ts';
import { createOfferedFiles } from '../../src/models/offered-files.ts';
import type { InstalledModel } from '../../src/models/store.ts';
import { buildPage } from './build-page.ts';

export interface PageFile {
  /** Name under which the page's server has it. */
  readonly name: string;
  readonly path: string;
}

export interface SiteOptions {
  /** GGUF files that the gateway offers, by model id. */
  readonly models: Readonly<Record<string, string>>;
  /** Further files of the page's own server. */
  readonly files?: readonly PageFile[];
  /** Folder of packages with Transformers.js; absent: its worker is not built. */
  readonly transformers?: string;
  readonly script?: Script;
  /** A page that was built already. @default that of `page.ts` */
  readonly folder?: string;
}

/** The page of `page.ts` and a gateway that serves it and its models. */
export interface Site {
  readonly url: string;
  readonly pageUrl: string;
  /** What the gateway was asked. */
  readonly seen: Seen;
  /** Each request to the server, in order: its path, and its range. */
  readonly requests: { readonly path: string; readonly range: string | null }[];
  /** Files are cut off after so many bytes of each answer; null: they are not. */
  cutAfterBytes: number | null;
  close(): Promise<void>;
}

/**
 * The gateway's own routes serve page, workers and model files, cross-origin isolated, with made-up answers behind them. A
 * server in front of it can break connections.
 */
export async function openSite(options: SiteOptions): Promise<Site> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'nearfar-page-'));
  if (options.folder === undefined) {
    await buildPage(folder, { script: 'test/browser/page.ts', transformers: options.transformers ?? null });
  }
  for (const { name, path } of options.files ?? []) copyFileSync(path, join(folder, name));
  const installed = Object.entries(options.models).map(([id, path]): InstalledModel => ({
    id,
    facts: { ...fakeFacts, id, grade: 'smoke test' },
    path,
    files: [path],
    reference: `file:${path}`,
    owner: 'nearfar',
  }));
  const gateway = await listeningFakeGateway(options.script ?? hello, {
    pages: {
      offersModel: () => true,
      files: createOfferedFiles(),
      page: { folder, embedderPolicy: 'require-corp' },
    },
    store: {
      list: async () => installed,
      find: async (id) => installed.find((model) => model.id === id) ?? null,
      pull: () => Promise.reject(new Error('not here')),
      remove: () => Promise.reject(new Error('not here')),
    },
    naming: { resolve: async (name) => name, aliases: {}, isInCatalog: () => false },
  });
  const site = { cutAfterBytes: null as number | null, requests: [] as Site['requests'] };
  const front = await listenInFront(gateway.server.url, site);
  const url = `http://localhost:${(front.address() as AddressInfo).port}`;
  return Object.assign(site, {
    url,
    pageUrl: `${url}/pages/`,
    seen: gateway.seen,
    async close() {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
      await gateway.server.close(0);
      if (options.folder === undefined) rmSync(folder, { recursive: true });
    },
  });
}

/** Passes everything on, writes down what was asked, and breaks what it is told to break. */
async function listenInFront(
  origin: string,
  site: { readonly requests: Site['requests']; cutAfterBytes: number | null },
): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const path = incoming.url ?? '/';
      site.requests.push({ path, range: incoming.headers.range ?? null });
      const headers = new Headers();
      for (const [name, value] of Object.entries(incoming.headers)) {
        // The page's origin is this server's, whose name the gateway is told.
        if (typeof value === 'string' && !['connection', 'origin', 'host'].includes(name))
          headers.set(name, value);
      }
      const pieces: Buffer[] = [];
      for await (const piece of incoming) pieces.push(piece as Buffer);
      const answer = await fetch(origin + path, {
        method: incoming.method ?? 'GET',
        headers,
        ...(pieces.length === 0 ? {} : { body: Buffer.concat(pieces) }),
      });
      outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
      let sent = 0;
      if (answer.body !== null) {
        for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
          if (site.cutAfterBytes !== null && path.startsWith('/models/files/')) {
            if (sent + chunk.length > site.cutAfterBytes) {
              outgoing.destroy();
              return;
            }
          }
          sent += chunk.length;
          if (!outgoing.write(chunk)) await new Promise((resolve) => outgoing.once('drain', resolve));
          if (outgoing.destroyed) return;
        }
      }
      outgoing.end();
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

export function isModelFile(request: { readonly path: string }, file: string): boolean {
  return request.path.startsWith('/models/files/') && request.path.endsWith(basename(file));
}
