import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { NearfarError } from '../chat/error.ts';
import { landFile } from './file-digest.ts';
import { lockFile } from './file-lock.ts';
import { chooseFormat, fasterFormats, mostPerplexityRatio, type FormatCandidate } from './format-choice.ts';
import {
  folderOfId,
  readManifest,
  writeManifest,
  type Manifest,
  type MeasuredModel,
  type Requantization,
} from './manifest.ts';
import { madeReferencePrefix } from './made-model.ts';
import { installedOf, modelsPathOf, type InstalledModel } from './store.ts';

/** The native work, done in processes of its own: an abort in it must not end the gateway. */
export interface RequantizeTools {
  /** Writes `input` to `output` in another format. Rejects where that fails; leaves no partial `output`. */
  quantize(request: {
    readonly input: string;
    readonly output: string;
    readonly format: string;
    readonly signal: AbortSignal;
  }): Promise<unknown>;
  /** Measures one file on this machine, the same way for each. */
  measureModel(request: { readonly path: string; readonly signal: AbortSignal }): Promise<MeasuredModel>;
}

export type RequantizeStage =
  'quantizing' | 'measuring the original' | 'measuring the new format' | 'measuring once more';

export interface RequantizeRequest {
  /** nearfar's home. */
  readonly home: string;
  readonly id: string;
  /** Names this CPU; a decision made on another one is made anew. */
  readonly cpu: string;
  /** Decide again although a decision is on record. @default false */
  readonly again?: boolean;
  readonly onStage?: (stage: RequantizeStage, format: string) => void;
  readonly signal?: AbortSignal;
}

/** Whether a model on record still has a faster format to be tried on this CPU. Cheap: for every start. */
export function isRequantizationDue(model: InstalledModel, cpu: string): boolean {
  // Whoever made one of a certain format wants that one.
  if (model.owner !== 'nearfar' || model.reference.startsWith(madeReferencePrefix)) return false;
  const decided = model.requantization ?? null;
  if (decided !== null) return decided.cpu !== cpu && fasterFormats(decided.fromFormat).length > 0;
  return model.files.length === 1 && fasterFormats(model.facts.format).length > 0;
}

/** The better of two runs: what disturbs a run only ever slows it. */
function best(one: MeasuredModel, other: MeasuredModel): MeasuredModel {
  return {
    prefillTokensPerSecond: Math.max(one.prefillTokensPerSecond, other.prefillTokensPerSecond),
    decodeTokensPerSecond: Math.max(one.decodeTokensPerSecond, other.decodeTokensPerSecond),
    perplexity: other.perplexity,
  };
}

/** The record in lines for people: speeds and perplexities of all formats, and what became of it. */
export function requantizationLines(record: Requantization): readonly string[] {
  const from = record.fromFormat ?? 'the original';
  const line = (name: string, figures: MeasuredModel): string =>
    `  ${name.padEnd(8)} prefill ${Math.round(figures.prefillTokensPerSecond)} tokens/s, ` +
    `decode ${Math.round(figures.decodeTokensPerSecond)} tokens/s, perplexity ${figures.perplexity.toFixed(2)}`;
  const verdict =
    record.file === null
      ? `${from} stays in use; ${record.toFormat}: ${record.reason}.`
      : `${record.toFormat} is used from now on, the original ${from} is kept: ${record.reason}.`;
  return [
    ...(record.before === null ? [] : [line(from, record.before)]),
    ...triedFormats(record).map(({ format, measured, problem }) =>
      measured === null
        ? `  ${format.padEnd(8)} could not be made or measured: ${problem ?? 'it is not known why'}`
        : line(format, measured),
    ),
    verdict,
  ];
}

/** What a record says of each format that was tried; those of older versions know of one. */
function triedFormats(record: Requantization): Requantization['tried'] {
  if (record.tried.length > 0 || record.after === null) return record.tried;
  return [{ format: record.toFormat, measured: record.after, problem: null }];
}

async function requireModel(folder: string, id: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest !== null) return manifest;
  throw new NearfarError('model_not_found', `There is no model "${id}" of nearfar's own here.`, {
    field: 'model',
  });
}

/**
 * Weighs faster weight formats against the model's own on this machine and uses the best (`chooseFormat`). The
 * original is kept. The outcome goes on record, also where the work failed, so that no later start tries again; an
 * abort leaves everything as it was. Under its id the model goes on being served from the file that an engine has open.
 * @throws NearfarError `model_not_found`, `unsupported` where no format is offered, `unavailable` without room on
 * the disk, `aborted`
 */
export async function requantizeModel(
  request: RequantizeRequest,
  tools: RequantizeTools,
): Promise<InstalledModel> {
  const { home, id, cpu, onStage = () => undefined, signal = new AbortController().signal } = request;
  const modelsPath = modelsPathOf(home);
  const folderName = folderOfId(id);
  const folder = join(modelsPath, folderName);
  const isDecided = (manifest: Manifest): boolean =>
    request.again !== true && manifest.requantization?.cpu === cpu;

  const known = await requireModel(folder, id);
  if (isDecided(known)) return installedOf(folder, known);
  const lock = await lockFile(join(modelsPath, '.locks', `${folderName}.requantize.lock`), { signal });
  const workPath = join(modelsPath, '.partial', `${folderName}.requantize`);
  try {
    const manifest = await requireModel(folder, id);
    if (isDecided(manifest)) return installedOf(folder, manifest);
    const formats = fasterFormats(manifest.format);
    const original = manifest.files[0];
    if (formats.length === 0 || original === undefined || manifest.files.length > 1) {
      throw new NearfarError(
        'unsupported',
        `${id} is in ${manifest.format ?? 'its'} format; none is offered instead.`,
      );
    }
    // What a killed run left behind is worth nothing.
    await rm(workPath, { recursive: true, force: true });
    await mkdir(workPath, { recursive: true });
    const disk = await statfs(workPath);
    if (disk.bavail * disk.bsize < original.bytes * (formats.length + 0.2)) {
      throw new NearfarError(
        'unavailable',
        `The disk has no room for ${id} in ${formats.join(' and ')}; it stays as it is.`,
      );
    }
    const nameOf = (format: string): string =>
      `${original.name.replace(/\.gguf$/i, '')}.nearfar-${format}.gguf`;
    const weighed = await weigh({
      input: join(folder, original.name),
      outputOf: (format) => join(workPath, nameOf(format)),
      fromFormat: manifest.format,
      formats,
      mostPerplexity: mostPerplexityRatio(manifest.grade),
      onStage,
      signal,
      tools,
    });
    return await putOnRecord(
      modelsPath,
      folderName,
      weighed.isUsed ? join(workPath, nameOf(weighed.toFormat)) : null,
      { cpu, fromFormat: manifest.format, decidedAt: new Date().toISOString(), ...weighed },
      signal,
    );
  } finally {
    await rm(workPath, { recursive: true, force: true });
    lock.release();
  }
}

interface Weighing {
  readonly input: string;
  readonly outputOf: (format: string) => string;
  readonly fromFormat: string | null;
  readonly formats: readonly string[];
  readonly mostPerplexity: number;
  readonly onStage: (stage: RequantizeStage, format: string) => void;
  readonly signal: AbortSignal;
  readonly tools: RequantizeTools;
}

type Weighed = Pick<Requantization, 'toFormat' | 'before' | 'after' | 'tried' | 'reason'> & {
  readonly isUsed: boolean;
};

/**
 * Makes and measures every format. A failure is an outcome, and of one format it is no reason against another; an
 * abort is thrown.
 */
async function weigh(weighing: Weighing): Promise<Weighed> {
  const { input, outputOf, fromFormat, formats, onStage, signal, tools } = weighing;
  const measureOriginal = async (stage: RequantizeStage): Promise<MeasuredModel> => {
    onStage(stage, fromFormat ?? 'original');
    return tools.measureModel({ path: input, signal });
  };
  const measure = async (stage: RequantizeStage, format: string): Promise<MeasuredModel> => {
    onStage(stage, format);
    return tools.measureModel({ path: outputOf(format), signal });
  };

  const failed: Requantization['tried'] = [];
  let candidates: FormatCandidate[] = [];
  for (const format of formats) {
    const outcome = await attempt(signal, async () => {
      onStage('quantizing', format);
      await tools.quantize({ input, output: outputOf(format), format, signal });
      return measure('measuring the new format', format);
    });
    if (outcome.problem === null) candidates.push({ format, measured: outcome.value });
    else failed.push({ format, measured: null, problem: outcome.problem });
  }
  const tried = (): Requantization['tried'] => [
    ...candidates.map((candidate) => ({ ...candidate, problem: null })),
    ...failed,
  ];
  const giveUp = (problem: string): Weighed => ({
    isUsed: false,
    toFormat: formats[0] ?? '',
    before: null,
    after: null,
    tried: tried(),
    reason: `it could not be made or measured: ${problem}`,
  });
  if (candidates.length === 0) return giveUp(failed[0]?.problem ?? '');
  const original = await attempt(signal, () => measureOriginal('measuring the original'));
  if (original.problem !== null) return giveUp(original.problem);

  let before = original.value;
  let choice = chooseFormat(before, candidates, weighing.mostPerplexity);
  if (choice.isDoubtful) {
    // Speed alone spoke against every one: what disturbs a run only ever slows it.
    const again = await attempt(signal, async () => {
      const second = best(before, await measureOriginal('measuring once more'));
      const seconds: FormatCandidate[] = [];
      for (const { format, measured } of candidates) {
        seconds.push({ format, measured: best(measured, await measure('measuring once more', format)) });
      }
      return { second, seconds };
    });
    if (again.problem === null) {
      before = again.value.second;
      candidates = again.value.seconds;
      choice = chooseFormat(before, candidates, weighing.mostPerplexity);
    }
  }
  return {
    isUsed: choice.format !== null,
    toFormat: choice.of,
    before,
    after: candidates.find(({ format }) => format === choice.of)?.measured ?? null,
    tried: tried(),
    reason: choice.reason,
  };
}

type Outcome<T> = { readonly problem: null; readonly value: T } | { readonly problem: string };

/** @throws NearfarError `aborted` */
async function attempt<T>(signal: AbortSignal, work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { problem: null, value: await work() };
  } catch (error) {
    if (signal.aborted) {
      throw new NearfarError('aborted', 'The requantization was stopped; nothing has changed.', {
        cause: error,
      });
    }
    return { problem: (error instanceof Error ? error.message : String(error)).slice(0, 300) };
  }
}

/** Lands the chosen file (`null`: none) and the record together, unless the model was removed meanwhile. */
async function putOnRecord(
  modelsPath: string,
  folderName: string,
  output: string | null,
  record: Omit<Requantization, 'file'>,
  signal: AbortSignal,
): Promise<InstalledModel> {
  const folder = join(modelsPath, folderName);
  const modelLock = await lockFile(join(modelsPath, '.locks', `${folderName}.lock`), { signal });
  try {
    const manifest = await requireModel(folder, folderName.replaceAll('@', ':'));
    let file: Requantization['file'] = null;
    if (output !== null) {
      const { size } = await stat(output);
      file = { name: basename(output), bytes: size };
      await landFile(output, join(folder, file.name));
    }
    const previous = manifest.requantization?.file ?? null;
    const { cpu, fromFormat, toFormat, before, after, tried, decidedAt, reason } = record;
    const updated: Manifest = {
      ...manifest,
      requantization: { cpu, fromFormat, toFormat, file, before, after, tried, decidedAt, reason },
    };
    await writeManifest(folder, updated);
    if (previous !== null && previous.name !== file?.name)
      await rm(join(folder, previous.name), { force: true });
    return installedOf(folder, updated);
  } finally {
    modelLock.release();
  }
}
