import { NearfarError } from '../../chat/error.ts';
import type { ModelGrade } from '../../chat/part.ts';
import { isNamed, type Disk } from './disk.ts';
import { nameOf } from './download-errors.ts';
import type { RemoteFile } from './fetch-file.ts';
import { sha256OfText } from './sha256.ts';

/** A gateway of nearfar's that serves model files (its setting `pages.models`). */
export interface FileGateway {
  /** E.g. `https://gateway.example`, with or without `/v1`. */
  readonly url: string;
  readonly apiKey?: string;
}

/** Where the files of a model come from: a gateway that knows their sizes and digests, or addresses of the page's own. */
export type ModelSource =
  | {
      /** Id of a model of the gateway's, e.g. `smollm2-135m-instruct`. */
      readonly model: string;
      readonly gateway: FileGateway;
    }
  | {
      /** Any name. */
      readonly model: string;
      /** In the order of their parts. State the SHA-256: what comes is checked against it. */
      readonly files: readonly {
        readonly url: string;
        readonly bytes?: number;
        readonly sha256?: string;
        /** Path in the model's repository, for libraries that look files up by it, e.g. `onnx/model_quantized.onnx`. */
        readonly path?: string;
      }[];
    };

/** A model whose files are known. */
export interface PageModel {
  readonly id: string;
  readonly grade: ModelGrade;
  readonly contextTokenCount: number | null;
  readonly files: readonly (RemoteFile & { readonly path: string })[];
}

/** What a gateway's list said of a model, as it is kept for times without a network. */
interface KeptModel extends Omit<PageModel, 'files'> {
  readonly files: readonly {
    readonly url: string;
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

/**
 * The files of a model. A gateway is asked for them; where it cannot be reached, what it last said holds, so that a page works
 * offline with what is there.
 * @throws NearfarError `unavailable`, `not_found`, `unauthorized` or `forbidden`
 */
export async function findModel(
  source: ModelSource,
  disk: Disk,
  options: {
    readonly fetch?: typeof globalThis.fetch;
    readonly timeoutMs?: number;
    readonly keeps?: boolean;
  } = {},
): Promise<PageModel> {
  if ('files' in source) {
    return {
      id: source.model,
      grade: 'ungraded',
      contextTokenCount: null,
      files: source.files.map(({ url, bytes, sha256, path }) => ({
        url,
        path: path ?? nameOf(url),
        bytes: bytes ?? null,
        sha256: sha256 ?? null,
      })),
    };
  }
  const { gateway, model } = source;
  const origin = gateway.url.replace(/\/+$/, '').replace(/\/v1$/, '');
  const name = `model-${sha256OfText(`${origin} ${model}`)}.listed`;
  const headers = gateway.apiKey === undefined ? {} : { authorization: `Bearer ${gateway.apiKey}` };
  let found: KeptModel;
  try {
    found = await askGateway(origin, model, headers, options);
  } catch (thrown) {
    const kept = await readKept(disk, name);
    // A gateway that answers and refuses is heard: only silence is bridged.
    if (kept === null || !(thrown instanceof NearfarError) || !thrown.retryable) throw thrown;
    found = kept;
  }
  if (options.keeps === true) await keep(disk, name, found);
  return {
    ...found,
    files: found.files.map((file) => ({ ...file, url: origin + file.url, headers })),
  };
}

async function askGateway(
  origin: string,
  model: string,
  headers: Readonly<Record<string, string>>,
  {
    fetch = globalThis.fetch.bind(globalThis),
    timeoutMs = 5_000,
  }: { readonly fetch?: typeof globalThis.fetch; readonly timeoutMs?: number },
): Promise<KeptModel> {
  let response: Response;
  try {
    response = await fetch(`${origin}/models/files`, { headers, signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw new NearfarError('unavailable', 'The gateway that has the model cannot be reached.', { cause });
  }
  if (!response.ok) {
    const kind =
      response.status === 401 ? 'unauthorized' : response.status === 403 ? 'forbidden' : 'unavailable';
    throw new NearfarError(
      response.status === 404 ? 'not_found' : kind,
      `The gateway does not list its models for pages: it answered ${response.status}.`,
    );
  }
  const { data } = (await response.json()) as { readonly data: readonly ListedModel[] };
  const listed = data.find(({ id }) => id === model);
  if (listed === undefined) {
    const others = data.map(({ id }) => id).join(', ');
    throw new NearfarError(
      'not_found',
      `The gateway does not offer ${model} to pages; it offers ${others || 'none'}. Its setting pages.models decides.`,
    );
  }
  return {
    id: listed.id,
    grade: listed.grade,
    contextTokenCount: listed.context_length,
    files: listed.files.map(({ url, name, bytes, sha256 }) => ({ url, path: name, bytes, sha256 })),
  };
}

interface ListedModel {
  readonly id: string;
  readonly grade: ModelGrade;
  readonly context_length: number | null;
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly url: string;
  }[];
}

async function readKept(disk: Disk, name: string): Promise<KeptModel | null> {
  try {
    return JSON.parse(await (await disk.read(name)).text()) as KeptModel;
  } catch (thrown) {
    if (isNamed(thrown, 'NotFoundError') || thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}

async function keep(disk: Disk, name: string, model: KeptModel): Promise<void> {
  const text = JSON.stringify(model);
  const old = await readKept(disk, name);
  if (old !== null && JSON.stringify(old) === text) return;
  const writer = await disk.openWriter(name);
  try {
    const bytes = new TextEncoder().encode(text);
    writer.write(bytes, 0);
    writer.truncate(bytes.length);
    writer.flush();
  } finally {
    writer.close();
  }
}

/** The same with addresses that a worker reads as the page does: they are relative to the page, not to the worker's script. */
export function absoluteSource(source: ModelSource): ModelSource {
  const here = (url: string): string => new URL(url, document.baseURI).href;
  return 'files' in source
    ? { ...source, files: source.files.map((file) => ({ ...file, url: here(file.url) })) }
    : { ...source, gateway: { ...source.gateway, url: here(source.gateway.url) } };
}
