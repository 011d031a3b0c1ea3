import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { NearfarError } from '../chat/error.ts';
import type { ModelGrade } from '../chat/part.ts';
import { landFile } from './file-digest.ts';
import { lockFile } from './file-lock.ts';
import {
  folderOfId,
  readManifest,
  writeManifest,
  type Manifest,
  type MeasuredModel,
  type Requantization,
} from './manifest.ts';
import { installedOf, modelsPathOf, type InstalledModel } from './store.ts';

/** The native work, done in processes of its own: an abort in it must not end the gateway. */
export interface RequantizeTools {
  /** Writes `input` to `output` in another format. Rejects where that fails; leaves no partial `output`. */
  quantize(request: {
    readonly input: string;
    readonly output: string;
    readonly format: string;
    readonly signal: AbortSignal;
  }): Promise<void>;
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
  /** @default the offered format of the model's own */
  readonly format?: string;
  /** Decide again although a decision is on record. @default false */
  readonly again?: boolean;
  readonly onStage?: (stage: RequantizeStage, format: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * The format that is worth trying in place of `format` on a CPU, `null` where there is none. llama.cpp has
 * kernels over repacked blocks for Q4_0 on x64 and arm64 and none for Q4_1, Q5_0 and Q5_1; unquantized weights
 * are read at twice the bytes of Q8_0. K-quants lose too much by another rounding to be offered.
 */
export function fasterFormat(format: string | null): string | null {
  return format === null ? null : (fasterFormats.get(format) ?? null);
}

const fasterFormats: ReadonlyMap<string, string> = new Map([
  ['Q4_1', 'Q4_0'],
  ['Q5_0', 'Q4_0'],
  ['Q5_1', 'Q4_0'],
  ['F32', 'Q8_0'],
  ['F16', 'Q8_0'],
  ['BF16', 'Q8_0'],
]);

/** Whether a model on record still has a faster format to be tried on this CPU. Cheap: for every start. */
export function isRequantizationDue(model: InstalledModel, cpu: string): boolean {
  if (model.owner !== 'nearfar') return false;
  const decided = model.requantization ?? null;
  if (decided !== null) return decided.cpu !== cpu && fasterFormat(decided.fromFormat) !== null;
  return model.files.length === 1 && fasterFormat(model.facts.format) !== null;
}

/**
 * Most that perplexity may grow for the new format to be used, as a ratio. Rounding what was rounded before costs
 * most in the smallest models (SmolLM2-135M, Q4_1 to Q4_0: 1.24 here); a `smoke test` proves the installation and
 * is wanted fast, anything better is wanted as it is.
 */
export function mostPerplexityRatio(grade: ModelGrade): number {
  return grade === 'smoke test' ? 1.5 : 1.05;
}

/** Noise between two runs: less than this is no gain, and less than its inverse no loss. */
const noiseRatio = 1.1;

export interface Decision {
  readonly isUsed: boolean;
  /** True where only speed spoke against it: another program's work may have been the cause. */
  readonly isDoubtful: boolean;
  readonly reason: string;
}

/** Whether the new format replaces the original, and why. Pure. */
export function decideRequantization(
  before: MeasuredModel,
  after: MeasuredModel,
  mostPerplexity: number,
): Decision {
  const prefill = after.prefillTokensPerSecond / before.prefillTokensPerSecond;
  const decode = after.decodeTokensPerSecond / before.decodeTokensPerSecond;
  const perplexity = after.perplexity / before.perplexity;
  const times = (ratio: number): string => `${ratio.toFixed(2)}x`;
  const figures = `prefill ${times(prefill)}, decode ${times(decode)}, perplexity ${times(perplexity)}`;
  const refuse = (why: string, isDoubtful: boolean): Decision => ({
    isUsed: false,
    isDoubtful,
    reason: `${why}: ${figures}`,
  });
  if (![prefill, decode, perplexity].every((ratio) => Number.isFinite(ratio) && ratio > 0)) {
    return refuse('the measurement failed', false);
  }
  if (perplexity > mostPerplexity) {
    return refuse(`it costs more quality than the ${times(mostPerplexity)} that is accepted`, false);
  }
  if (prefill < 1 / noiseRatio || decode < 1 / noiseRatio) return refuse('it is slower', true);
  if (prefill < noiseRatio && decode < noiseRatio) return refuse('it is no faster', true);
  return { isUsed: true, isDoubtful: false, reason: `it is faster: ${figures}` };
}

/** The better of two runs: what disturbs a run only ever slows it. */
function best(one: MeasuredModel, other: MeasuredModel): MeasuredModel {
  return {
    prefillTokensPerSecond: Math.max(one.prefillTokensPerSecond, other.prefillTokensPerSecond),
    decodeTokensPerSecond: Math.max(one.decodeTokensPerSecond, other.decodeTokensPerSecond),
    perplexity: other.perplexity,
  };
}

/** The record in lines for people: both speeds, both perplexities, and what became of it. */
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
    ...(record.after === null ? [] : [line(record.toFormat, record.after)]),
    verdict,
  ];
}

async function requireModel(folder: string, id: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest !== null) return manifest;
  throw new NearfarError('model_not_found', `There is no model "${id}" of nearfar's own here.`, {
    field: 'model',
  });
}

/**
 * Weighs a faster weight format against the model's own on this machine and uses it if it is faster at an
 * acceptable perplexity. The original is kept. The outcome goes on record, also where the work failed, so that
 * no later start tries again; an abort leaves everything as it was. Under its id the model goes on being served
 * from the file that an engine has open.
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
    const toFormat = request.format ?? fasterFormat(manifest.format);
    const original = manifest.files[0];
    if (toFormat === null || original === undefined || manifest.files.length > 1) {
      throw new NearfarError(
        'unsupported',
        `${id} is in ${manifest.format ?? 'its'} format; none is offered instead.`,
      );
    }
    // What a killed run left behind is worth nothing.
    await rm(workPath, { recursive: true, force: true });
    await mkdir(workPath, { recursive: true });
    const disk = await statfs(workPath);
    if (disk.bavail * disk.bsize < original.bytes * 1.2) {
      throw new NearfarError(
        'unavailable',
        `The disk has no room for ${id} in ${toFormat}; it stays as it is.`,
      );
    }
    const outputName = `${original.name.replace(/\.gguf$/i, '')}.nearfar-${toFormat}.gguf`;
    const record = await weigh({
      input: join(folder, original.name),
      output: join(workPath, outputName),
      fromFormat: manifest.format,
      toFormat,
      cpu,
      mostPerplexity: mostPerplexityRatio(manifest.grade),
      onStage,
      signal,
      tools,
    });
    return await putOnRecord(modelsPath, folderName, join(workPath, outputName), outputName, record, signal);
  } finally {
    await rm(workPath, { recursive: true, force: true });
    lock.release();
  }
}

interface Weighing {
  readonly input: string;
  readonly output: string;
  readonly fromFormat: string | null;
  readonly toFormat: string;
  readonly cpu: string;
  readonly mostPerplexity: number;
  readonly onStage: (stage: RequantizeStage, format: string) => void;
  readonly signal: AbortSignal;
  readonly tools: RequantizeTools;
}

/** Quantizes and measures. A failure is an outcome; an abort is thrown. `file` is filled in by the caller. */
async function weigh(
  weighing: Weighing,
): Promise<{ readonly isUsed: boolean; readonly record: Requantization }> {
  const { input, output, fromFormat, toFormat, cpu, onStage, signal, tools } = weighing;
  const base = { cpu, fromFormat, toFormat, file: null };
  const decidedAt = (): string => new Date().toISOString();
  let before: MeasuredModel | null = null;
  let after: MeasuredModel | null = null;
  try {
    onStage('quantizing', toFormat);
    await tools.quantize({ input, output, format: toFormat, signal });
    onStage('measuring the original', fromFormat ?? 'original');
    before = await tools.measureModel({ path: input, signal });
    onStage('measuring the new format', toFormat);
    after = await tools.measureModel({ path: output, signal });
    let decision = decideRequantization(before, after, weighing.mostPerplexity);
    if (decision.isDoubtful) {
      onStage('measuring once more', toFormat);
      before = best(before, await tools.measureModel({ path: input, signal }));
      after = best(after, await tools.measureModel({ path: output, signal }));
      decision = decideRequantization(before, after, weighing.mostPerplexity);
    }
    const { isUsed, reason } = decision;
    return { isUsed, record: { ...base, before, after, decidedAt: decidedAt(), reason } };
  } catch (error) {
    if (signal.aborted) {
      throw new NearfarError('aborted', 'The requantization was stopped; nothing has changed.', {
        cause: error,
      });
    }
    const what = error instanceof Error ? error.message : String(error);
    const reason = `it could not be made or measured: ${what.slice(0, 300)}`;
    return { isUsed: false, record: { ...base, before, after, decidedAt: decidedAt(), reason } };
  }
}

/** Lands the new file and the record together, unless the model was removed meanwhile. */
async function putOnRecord(
  modelsPath: string,
  folderName: string,
  output: string,
  outputName: string,
  { isUsed, record }: { readonly isUsed: boolean; readonly record: Requantization },
  signal: AbortSignal,
): Promise<InstalledModel> {
  const folder = join(modelsPath, folderName);
  const modelLock = await lockFile(join(modelsPath, '.locks', `${folderName}.lock`), { signal });
  try {
    const manifest = await requireModel(folder, folderName.replaceAll('@', ':'));
    let file: Requantization['file'] = null;
    if (isUsed) {
      const { size } = await stat(output);
      await landFile(output, join(folder, outputName));
      file = { name: outputName, bytes: size };
    }
    const previous = manifest.requantization?.file ?? null;
    const updated: Manifest = { ...manifest, requantization: { ...record, file } };
    await writeManifest(folder, updated);
    if (previous !== null && previous.name !== file?.name)
      await rm(join(folder, previous.name), { force: true });
    return installedOf(folder, updated);
  } finally {
    modelLock.release();
  }
}
