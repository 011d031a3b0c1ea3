import { createHash } from 'node:crypto';
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { KvType } from '../kv-type.ts';

/** Everything that saved cells depend on, beside their tokens. The context's size is not among it. */
export interface CellOrigin {
  readonly modelPath: string;
  readonly kvType: KvType;
  readonly libraryVersion: string;
  readonly backend: string;
}

/** Raised when saved bytes change their meaning without libllama's version changing. */
const formatVersion = 1;

/** Of these cells and no others: a model file that was replaced, another library or KV type has another folder. */
export function folderNameOf(origin: CellOrigin): string {
  const { modelPath, ...others } = origin;
  return folderPrefixOf(modelPath) + digestOf([formatVersion, others]);
}

/** What the names of all folders of one model file begin with, so that they can go when it does. */
export function folderPrefixOf(modelPath: string): string {
  return digestOf(partsOf(realpathSync(modelPath)).map(identityOf));
}

function digestOf(identity: unknown): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 24);
}

/** Reading gigabytes for a digest would delay every start; who replaces a file changes its size or time. */
function identityOf(path: string): readonly (string | number)[] {
  const { size, mtimeMs } = statSync(path);
  return [path, size, mtimeMs];
}

/** A GGUF may be split: `name-00001-of-00003.gguf`. */
function partsOf(path: string): readonly string[] {
  const split = /^(.*)-\d{5}-of-(\d{5})\.gguf$/.exec(basename(path));
  if (split === null) return [path];
  const [, prefix = '', count = ''] = split;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${prefix}-`) && name.endsWith(`-of-${count}.gguf`))
    .sort()
    .map((name) => join(dirname(path), name));
}
