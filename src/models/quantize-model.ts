import { access, stat, statfs } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { NearfarError } from '../chat/error.ts';
import type { ModelGrade } from '../chat/part.ts';
import { lineageKey, lossOf, requireExactSource } from './formats/quantize-source.ts';
import { quantizedSize, type AddedPair, type QuantizedSize } from './formats/quantized-size.ts';
import { ggufFacts } from './gguf-facts.ts';
import { readGguf, type GgufHeader } from './gguf.ts';
import { keepMadeModel, requireFree, requireId } from './made-model.ts';
import { idOfFileName, splitFiles } from './reference.ts';
import type { InstalledModel } from './store.ts';
import { tensorTypeOf } from './tensor-format.ts';

/** The native work, done in a process of its own. */
export type QuantizeTool = (request: {
  readonly input: string;
  /** `null`: nothing is written. */
  readonly output: string | null;
  readonly format: string;
  readonly allowRequantize: boolean;
  readonly imatrix?: string;
  readonly threadCount?: number;
  readonly metadata: readonly AddedPair[];
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}) => Promise<{
  readonly tensors: readonly { readonly name: string; readonly type: string }[];
  readonly withoutImportance: readonly string[];
  readonly needsImportance: boolean;
}>;

/** The weights that are to be quantized. */
export interface QuantizeSource {
  /** A model's id, or a file's path: what people called it. */
  readonly name: string;
  /** Its files, in order of their parts. */
  readonly files: readonly string[];
  readonly headers: readonly GgufHeader[];
  readonly format: string | null;
  /** In what it was quantized before; `null` = never. */
  readonly loss: string | null;
  readonly grade: ModelGrade;
  readonly license: string | null;
  readonly family: string | null;
}

export interface QuantizePlan extends QuantizedSize {
  readonly source: QuantizeSource;
  readonly format: string;
  readonly threadCount: number | null;
  readonly imatrix: string | null;
  readonly metadata: readonly AddedPair[];
  /** It can only be written with an importance matrix, and none was given. */
  readonly needsImportance: boolean;
  /** How many tensors are to be written in each format. */
  readonly tensorCounts: Readonly<Record<string, number>>;
}

export interface Quantized {
  /** The file. */
  readonly path: string;
  /** `null` where it was written to a path of its own. */
  readonly model: InstalledModel | null;
  readonly fileBytes: number;
  /** Tensors that the importance matrix says nothing of; embeddings are always among them. */
  readonly withoutImportance: readonly string[];
}

/** Left free on the disk, bytes. */
const reserveBytes = 64 * 1024 ** 2;

/** The files of a model as it was pulled: what nearfar made of it for speed is no source. */
export async function sourceOfModel(model: InstalledModel): Promise<QuantizeSource> {
  if (model.adapterOf !== undefined) {
    throw new NearfarError('invalid_request', `${model.id} is a LoRA adapter: quantize its model instead.`, {
      field: 'model',
    });
  }
  const made = model.requantization?.file?.name;
  const files = made === undefined ? model.files : model.files.filter((file) => basename(file) !== made);
  const { grade, license, family } = model.facts;
  return { ...(await readSource(model.id, files)), grade, license, family };
}

/** A GGUF file, or the first part of a split one. @throws NearfarError `not_found` */
export async function sourceOfFile(path: string): Promise<QuantizeSource> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) throw new NearfarError('not_found', `There is no file ${path}.`, { field: 'model' });
  const parts = splitFiles(path);
  return { ...(await readSource(path, parts)), grade: 'ungraded', license: null, family: null };
}

async function readSource(
  name: string,
  files: readonly string[],
): Promise<Pick<QuantizeSource, 'name' | 'files' | 'headers' | 'format' | 'loss'>> {
  const headers: GgufHeader[] = [];
  for (const file of files) headers.push(await readGguf(file));
  const [first] = headers;
  if (first === undefined || ggufFacts(first).architecture === null) {
    throw new NearfarError('invalid_request', `${name} is no model: its file names no architecture.`, {
      field: 'model',
    });
  }
  const loss = headers.map(lossOf).find((one) => one !== null) ?? null;
  return { name, files, headers, format: ggufFacts(first).format, loss };
}

export interface QuantizeOptions {
  readonly format: string;
  readonly allowRequantize: boolean;
  readonly imatrix: string | null;
  /** `null`: one per core. */
  readonly threadCount: number | null;
}

/**
 * What quantizing would give, to the byte; nothing is written.
 * @throws NearfarError `invalid_request` where the source or the format does not allow it
 */
export async function planQuantization(
  source: QuantizeSource,
  options: QuantizeOptions,
  tool: QuantizeTool,
  signal: AbortSignal,
): Promise<QuantizePlan> {
  const { format, imatrix } = options;
  for (const header of source.headers) {
    requireExactSource(header, { name: source.name, format, allowRequantize: options.allowRequantize });
  }
  const metadata: AddedPair[] = [];
  if (source.loss !== null) metadata.push({ key: lineageKey, value: source.loss.slice(0, 100) });
  // As llama-quantize names the matrix that it used; the folder is nobody's business.
  if (imatrix !== null)
    metadata.push({ key: 'quantize.imatrix.file', value: basename(imatrix).slice(0, 40) });
  const { tensors, needsImportance } = await tool({
    ...toolRequest(source, options, metadata),
    output: null,
    signal,
    onProgress: () => undefined,
  });
  const types = new Map(tensors.map(({ name, type }) => [name, type]));
  const tensorCounts: Record<string, number> = {};
  for (const { type } of tensors) {
    const shown = type.toUpperCase();
    tensorCounts[shown] = (tensorCounts[shown] ?? 0) + 1;
  }
  const size = quantizedSize(
    source.headers,
    (tensor) => tensorTypeOf(types.get(tensor.name) ?? '') ?? tensor.type,
    metadata,
  );
  return {
    ...size,
    source,
    format,
    threadCount: options.threadCount,
    imatrix,
    metadata,
    needsImportance,
    tensorCounts,
  };
}

function toolRequest(
  source: QuantizeSource,
  options: Pick<QuantizeOptions, 'format' | 'imatrix' | 'threadCount'>,
  metadata: readonly AddedPair[],
) {
  const [input = ''] = source.files;
  return {
    input,
    format: options.format,
    // Allowed or refused by the plan, which sees further back than one file.
    allowRequantize: true,
    metadata,
    ...(options.imatrix === null ? {} : { imatrix: options.imatrix }),
    ...(options.threadCount === null ? {} : { threadCount: options.threadCount }),
  };
}

export interface QuantizeTarget {
  readonly home: string;
  /** A file of its own; `null`: the store. */
  readonly path: string | null;
  /** In the store; `null`: the source's name with the format. */
  readonly id: string | null;
}

/** What the quantized model is called: `qwen2.5-0.5b:q4_k_m-local`, as pulled ones are never called. */
export function idOfQuantized(plan: Pick<QuantizePlan, 'source' | 'format' | 'imatrix'>): string {
  const known = plan.source.name.toLowerCase().endsWith('.gguf')
    ? idOfFileName(plan.source.name)
    : plan.source.name;
  const [name = 'model'] = known.split(':');
  const matrix = plan.imatrix === null ? '' : '-imatrix';
  return `${name.replace(/@.*$/, '')}:${plan.format.toLowerCase()}${matrix}-local`;
}

/**
 * Writes the file, and keeps it in the store where it has no path of its own. Nothing half-written gets a name.
 * @throws NearfarError `conflict` where the file or id is there, `unavailable` without room on the disk, `aborted`
 */
export async function quantizeModel(
  plan: QuantizePlan,
  target: QuantizeTarget,
  tool: QuantizeTool,
  options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
): Promise<Quantized> {
  const { source } = plan;
  let withoutImportance: readonly string[] = [];
  const make = async (output: string): Promise<void> => {
    await requireSpace(dirname(output), plan.fileBytes);
    const made = await tool({ ...toolRequest(source, plan, plan.metadata), output, ...options });
    ({ withoutImportance } = made);
    await readGguf(output);
  };
  if (target.path !== null) {
    const path = resolve(target.path);
    if (source.files.some((file) => resolve(file) === path)) {
      throw new NearfarError('invalid_request', `${path} is the source itself.`, { field: 'out' });
    }
    if ((await stat(path).catch(() => null)) !== null) {
      throw new NearfarError('conflict', `${path} is there already.`, { field: 'out' });
    }
    await make(path);
    return { path, model: null, fileBytes: (await stat(path)).size, withoutImportance };
  }
  const id = target.id ?? idOfQuantized(plan);
  requireId(id);
  await requireFree(target.home, id);
  // Published scores are of the original: of weights that were rounded twice nobody published any.
  const grade = source.loss === null ? source.grade : 'ungraded';
  const { license, family } = source;
  const model = await keepMadeModel(
    {
      home: target.home,
      id,
      fileName: `${id.replaceAll(':', '-')}.gguf`,
      from: source.name.endsWith('.gguf') ? basename(source.name) : source.name,
      grade,
      license,
      family,
      signal: options.signal,
    },
    make,
  );
  return { path: model.path, model, fileBytes: model.facts.sizeBytes ?? 0, withoutImportance };
}

/** @throws NearfarError `unavailable` */
async function requireSpace(folder: string, bytes: number): Promise<void> {
  const disk = await statfs(folder).catch(() => null);
  if (disk === null) {
    throw new NearfarError('not_found', `There is no folder ${folder}.`, { field: 'out' });
  }
  const free = disk.bavail * disk.bsize;
  if (free >= bytes + reserveBytes) return;
  const gigabytes = (value: number): string => `${(value / 1e9).toFixed(2)} GB`;
  throw new NearfarError(
    'unavailable',
    `Not enough disk space in ${folder}: ${gigabytes(bytes + reserveBytes)} are needed, ${gigabytes(free)} are free.`,
  );
}
