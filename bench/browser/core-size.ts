import { existsSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/** One file of a bundle for pages. */
export interface PageChunk {
  readonly file: string;
  readonly code: string;
  readonly isEntry: boolean;
  /** Files of the bundle that are fetched with it, and those that are fetched when they are needed. */
  readonly imports: readonly string[];
  readonly dynamicImports: readonly string[];
  /** Source files in it, relative to the repository. */
  readonly modules: readonly string[];
}

export interface CoreSize {
  /** Of what `import 'nearfar/browser'` fetches: the entry's file and all that it imports at once. */
  readonly minifiedBytes: number;
  readonly gzipBytes: number;
  readonly brotliBytes: number;
  /** The other files, fetched when they are needed: gzip, the largest first. */
  readonly later: readonly {
    readonly file: string;
    readonly gzipBytes: number;
    readonly modules: readonly string[];
  }[];
}

const root = path.resolve(import.meta.dirname, '../..');
/** Optional peers: loaded by whoever installs them, never a part of the core. */
const peers = [
  '@mlc-ai/web-llm',
  '@huggingface/transformers',
  '@wllama/wllama',
  'react',
  'react-dom',
  'react/jsx-runtime',
];

export interface BundleOptions {
  /** Relative to the repository. @default 'src/browser/index.ts' */
  readonly entry?: string;
  /** @default true */
  readonly minify?: boolean;
  /** Packages that stay imports. @default the optional peers */
  readonly external?: readonly string[];
  /** Where the files are written; absent: nowhere. */
  readonly folder?: string;
}

/** Bundles an entry as a page's own bundler would: ES modules, for browsers, nothing of Node. @throws where it cannot */
export async function bundlePage(options: BundleOptions = {}): Promise<readonly PageChunk[]> {
  const { entry = 'src/browser/index.ts', minify = true, external = peers, folder } = options;
  const input = path.join(root, entry);
  if (!existsSync(input)) throw new Error(`There is no ${input}.`);
  const bundle = await rolldown({
    input,
    platform: 'browser',
    external: [...external],
    // As in an application, whose own entry this is not: what the core and later files share stays in the core's file.
    preserveEntrySignatures: 'allow-extension',
    // Not to be solved is an error: what is left over would fail in the page.
    onLog(level, log, report) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      report(level, log);
    },
  });
  try {
    const settings = { format: 'esm', minify, ...(folder === undefined ? {} : { dir: folder }) } as const;
    const { output } = await (folder === undefined ? bundle.generate(settings) : bundle.write(settings));
    return output.flatMap((one): PageChunk[] =>
      one.type !== 'chunk'
        ? []
        : [
            {
              file: one.fileName,
              code: one.code,
              isEntry: one.isEntry,
              imports: one.imports,
              dynamicImports: one.dynamicImports,
              modules: one.moduleIds.map((id) => path.relative(root, id)),
            },
          ],
    );
  } finally {
    await bundle.close();
  }
}

/** The files that the entry needs at once: its own, and what it imports without waiting. */
export function coreChunks(chunks: readonly PageChunk[]): readonly PageChunk[] {
  const byFile = new Map(chunks.map((chunk) => [chunk.file, chunk]));
  const core = new Set<PageChunk>();
  const open = chunks.filter(({ isEntry }) => isEntry);
  for (let chunk = open.pop(); chunk !== undefined; chunk = open.pop()) {
    if (core.has(chunk)) continue;
    core.add(chunk);
    for (const file of chunk.imports) {
      const next = byFile.get(file);
      if (next !== undefined) open.push(next);
    }
  }
  return [...core];
}

export function sizeOf(chunks: readonly PageChunk[]): CoreSize {
  const core = coreChunks(chunks);
  const sum = (measure: (code: Buffer) => number): number =>
    core.reduce((total, { code }) => total + measure(Buffer.from(code)), 0);
  return {
    minifiedBytes: sum((code) => code.length),
    gzipBytes: sum((code) => gzipSync(code, { level: 9 }).length),
    brotliBytes: sum((code) => brotliCompressSync(code).length),
    later: chunks
      .filter((chunk) => !core.includes(chunk))
      .map(({ file, code, modules }) => ({ file, modules, gzipBytes: gzipSync(code, { level: 9 }).length }))
      .sort((a, b) => b.gzipBytes - a.gzipBytes),
  };
}

/** What `bench -- browser` prints as `core_kb`: thousands of bytes after gzip. */
export async function measureCore(): Promise<CoreSize & { readonly coreKb: number }> {
  const size = sizeOf(await bundlePage());
  return { ...size, coreKb: size.gzipBytes / 1000 };
}
