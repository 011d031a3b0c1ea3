import { basename, join } from 'node:path';
import { z } from 'zod';

import { NearfarError } from '../../chat/error.ts';
import { formatOf, idOfFileName, splitFiles, splitName } from '../reference.ts';
import { downloadFile } from './download.ts';
import { createHttpClient, networkError, type HttpClient } from './http-client.ts';
import type { FetchContext, FetchedFile } from './source.ts';

export interface HubSettings {
  /** E.g. `https://huggingface.co`, or a company's mirror of it. */
  readonly endpoint: string;
  readonly token: string | null;
}

interface HubReference {
  readonly owner: string;
  readonly repo: string;
  readonly revision: string;
  readonly file: string | null;
  readonly format: string | null;
}

/** What the hub states about a file before it is downloaded. */
interface HubFile {
  readonly sha256: string | null;
  readonly sizeBytes: number | null;
  /** The commit that the revision stands for now, so that all parts come from one state. */
  readonly commit: string | null;
}

const mostRedirects = 5;
/** Formats that are taken where a reference names only the repository, best balance first. */
const preferredFormats = ['Q4_K_M', 'Q4_0', 'Q5_K_M', 'Q8_0', 'F16', 'BF16'];

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

function explainStatus(reference: HubReference, status: number): string | null {
  const name = `${reference.owner}/${reference.repo}`;
  if (status === 401 || status === 403) {
    return `${name} is private, gated or absent: accept its licence on its page and set HF_TOKEN to a token that may read it.`;
  }
  if (status === 404) return `the hub has no ${reference.file ?? name} in ${name} at ${reference.revision}.`;
  return null;
}

function statusError(reference: HubReference, status: number): NearfarError {
  const message = explainStatus(reference, status) ?? `the hub answered ${status}.`;
  return new NearfarError(status === 404 ? 'not_found' : 'unavailable', message);
}

function headersOf(settings: HubSettings): Readonly<Record<string, string>> {
  return settings.token === null ? {} : { authorization: `Bearer ${settings.token}` };
}

function resolveUrl(settings: HubSettings, reference: HubReference, file: string, revision: string): string {
  const { owner, repo } = reference;
  const base = settings.endpoint.replace(/\/+$/, '');
  return `${base}/${owner}/${repo}/resolve/${encodeURIComponent(revision)}/${encodePath(file)}`;
}

/** Asks for a file's head without following it to the storage, whose ETag is not the file's SHA-256. */
async function statHubFile(
  settings: HubSettings,
  reference: HubReference,
  file: string,
  client: HttpClient,
  signal: AbortSignal,
): Promise<HubFile> {
  let url = resolveUrl(settings, reference, file, reference.revision);
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const response = await client
      .request(url, { method: 'HEAD', headers: headersOf(settings), redirect: 'manual', signal })
      .catch((error: unknown) => {
        if (signal.aborted) throw error;
        throw networkError(url, error);
      });
    const linked = response.headers.get('x-linked-etag');
    const location = response.headers.get('location');
    const isRedirect = response.status >= 300 && response.status < 400;
    // A renamed repository answers with a redirect within the hub; storage is elsewhere and needs no token.
    if (isRedirect && linked === null && location !== null) {
      const next = new URL(location, url);
      if (next.origin === new URL(url).origin) {
        url = next.href;
        continue;
      }
    }
    if (response.status >= 400) throw statusError({ ...reference, file }, response.status);
    const etag = (linked ?? response.headers.get('etag') ?? '').replace(/^W\/|"/g, '');
    const size = Number(
      response.headers.get('x-linked-size') ??
        (isRedirect ? Number.NaN : response.headers.get('content-length')) ??
        Number.NaN,
    );
    const commit = response.headers.get('x-repo-commit');
    return {
      sha256: /^[0-9a-f]{64}$/.test(etag) ? etag : null,
      sizeBytes: Number.isSafeInteger(size) && size > 0 ? size : null,
      commit: commit !== null && /^[0-9a-f]{40}$/.test(commit) ? commit : null,
    };
  }
  throw new NearfarError('unavailable', 'the hub redirects in circles.');
}

const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().optional(),
    lfs: z.object({ oid: z.string(), size: z.number() }).optional(),
  }),
);

/** Picks the repository's file of the wanted format, or the first of the preferred ones. Pure. */
export function chooseHubFile(paths: readonly string[], format: string | null): string | null {
  const models = paths.filter(
    (path) => path.toLowerCase().endsWith('.gguf') && !/mmproj|imatrix/i.test(basename(path)),
  );
  const formatIn = (path: string): string | null => {
    const named = idOfFileName(path).split(':')[1];
    return named === undefined ? null : formatOf(named);
  };
  const firsts = models.filter((path) => (splitName(basename(path))?.index ?? 1) === 1).sort();
  for (const wanted of format === null ? preferredFormats : [format]) {
    const found = firsts.find((path) => formatIn(path) === wanted);
    if (found !== undefined) return found;
  }
  return format === null ? (firsts[0] ?? null) : null;
}

async function findHubFile(
  settings: HubSettings,
  reference: HubReference,
  client: HttpClient,
  signal: AbortSignal,
): Promise<string> {
  const { owner, repo, revision, format } = reference;
  const base = settings.endpoint.replace(/\/+$/, '');
  const url = `${base}/api/models/${owner}/${repo}/tree/${encodeURIComponent(revision)}?recursive=true`;
  const response = await client
    .request(url, { headers: headersOf(settings), signal })
    .catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw networkError(url, error);
    });
  if (!response.ok) {
    await response.body?.cancel();
    throw statusError(reference, response.status);
  }
  const tree = treeSchema.safeParse(await response.json());
  if (!tree.success) throw new NearfarError('unavailable', 'the hub listed its files in an unknown form.');
  const file = chooseHubFile(
    tree.data.map((item) => item.path),
    format,
  );
  if (file === null) {
    const what = format === null ? 'no GGUF file' : `no GGUF file in ${format}`;
    throw new NearfarError('not_found', `${owner}/${repo} holds ${what}.`);
  }
  return file;
}

/**
 * Downloads a GGUF, all parts of a split one, from Hugging Face or a mirror that speaks its protocol. The
 * SHA-256 that is checked is the catalog's, else the one that the hub states for files in large-file storage.
 * @throws NearfarError `unavailable`, `not_found`
 */
export async function fetchHub(
  reference: HubReference,
  settings: HubSettings,
  context: FetchContext,
): Promise<readonly FetchedFile[]> {
  const client = createHttpClient(context.connectTimeoutMs);
  const { signal } = context;
  try {
    context.onProgress({ stage: 'resolving', fileName: reference.file, receivedBytes: 0, totalBytes: null });
    const file = reference.file ?? (await findHubFile(settings, reference, client, signal));
    const folder = file.slice(0, file.length - basename(file).length);
    const names = splitFiles(basename(file));
    const files: FetchedFile[] = [];
    let revision = reference.revision;
    for (const name of names) {
      const path = `${folder}${name}`;
      const stated = await statHubFile(settings, { ...reference, revision }, path, client, signal);
      revision = stated.commit ?? revision;
      const catalogSha256 = names.length === 1 ? context.expectedSha256 : null;
      files.push(
        await downloadFile(
          {
            url: resolveUrl(settings, reference, path, revision),
            path: join(context.stagingPath, name.replace(/[^A-Za-z0-9._+-]/g, '_')),
            headers: headersOf(settings),
            sha256: catalogSha256 ?? stated.sha256,
            sizeBytes: stated.sizeBytes,
            explain: (status) => explainStatus({ ...reference, file: path }, status),
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
