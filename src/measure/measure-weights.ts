import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, writeJsonAtomically } from '../models/file-digest.ts';
import { simulatedFormats, type SimulatedFormat } from '../models/formats/quantize-formats.ts';
import { simulatedSize } from '../models/formats/simulate-format.ts';
import { readGguf } from '../models/gguf.ts';
import {
  planQuantization,
  quantizeModel,
  type QuantizeSource,
  type QuantizeTool,
} from '../models/quantize-model.ts';
import { weightsKey } from './weights-key.ts';
import type { WeightsReport, WeightsRow } from './weights-report.ts';
import type { WeightsFileMeasurement, WeightsFileRequest } from './weights.ts';

/** The native work, each in a process of its own. */
export interface WeightsTools {
  readonly quantize: QuantizeTool;
  readonly simulate: (
    input: string,
    output: string,
    format: SimulatedFormat,
    options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
  ) => Promise<void>;
  readonly measureFile: (
    request: WeightsFileRequest,
    options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
  ) => Promise<WeightsFileMeasurement>;
}

export interface WeightsRequest {
  readonly source: QuantizeSource;
  /** Names of `quantizeFormats` or `simulatedFormats`. The source's own format is measured in any case. */
  readonly formats: readonly string[];
  /** An importance matrix for the formats that are made. */
  readonly imatrix: string | null;
  /** Everything that is made for it lies there; what was measured stays, so that a run that was stopped goes on. */
  readonly folder: string;
  readonly backend: WeightsFileRequest['backend'];
  readonly threadCount: number | null;
  /** `null`: nearfar's own. */
  readonly text: string | null;
  readonly windowTokenCount: number;
  /** `null`: all of the text. */
  readonly windowCount: number | null;
  /** Names this machine: figures of another one are not gone on from. */
  readonly cpu: string;
  /** False: quality and sizes only, for machines that have other work. @default true */
  readonly measuresSpeed?: boolean;
  /** Measure anew what is on record. */
  readonly again: boolean;
  /** The CPU kernels that compute a format: see `LibraryOptions`. @default the shipped ones */
  readonly kernelsFor?: (format: string) => string | null;
}

export interface WeightsProgress {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/**
 * Measures a model in several weight formats against the best there is of it: the source itself, or an F16 file made of it
 * where it was quantized before. Files are made one at a time and removed again; every figure that is there stays on record.
 * A format that fails is listed with its reason.
 * @throws NearfarError `aborted`, or where the base itself cannot be measured
 */
export async function measureWeights(
  request: WeightsRequest,
  tools: WeightsTools,
  progress: WeightsProgress,
): Promise<WeightsReport> {
  const { source } = request;
  const [sourceFile = ''] = source.files;
  const isMade = source.loss !== null;
  const baseFormat = isMade ? 'F16' : (source.format ?? 'F16');
  const folder = join(request.folder, await weightsKey(request));
  await mkdir(folder, { recursive: true });
  // Made anew of itself it would be the same file, unless a matrix weighs it.
  const isSource = (format: string): boolean => format === source.format && request.imatrix === null;
  const others = [...new Set(request.formats)].filter(
    (format) => format !== baseFormat && !(isMade && isSource(format)),
  );
  // The file as it is shows how far kernels alone take a format from its own weights in F16.
  const units = ['base', ...(isMade ? ['source'] : []), ...others];
  const unitProgress = (index: number, from = 0, share = 1) => ({
    signal: progress.signal,
    onProgress: (fraction: number): void => {
      progress.onProgress((index + from + share * fraction) / units.length);
    },
  });
  const work = createWork(request, tools, folder, baseFormat);
  try {
    const isKnown = await work.areOnRecord(units);
    const basePath = isMade && !isKnown ? await work.makeBase(unitProgress(0, 0, 0.2)) : sourceFile;
    const rows: WeightsRow[] = [];
    const failed: { format: string; reason: string }[] = [];
    const base = await work.measureBase(basePath, isKnown, unitProgress(0, 0.2, 0.8));
    rows.push({ ...base.row, origin: isMade ? 'made' : 'source' });
    for (const [index, unit] of units.entries()) {
      if (unit === 'base') continue;
      try {
        rows.push(
          unit === 'source'
            ? await work.measureSource(sourceFile, unitProgress(index))
            : await work.measureFormat(unit, basePath, (from, share) => unitProgress(index, from, share)),
        );
      } catch (error) {
        if (progress.signal.aborted) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        failed.push({
          format: unit === 'source' ? (source.format ?? 'source') : unit,
          reason: reason.slice(0, 300),
        });
      }
    }
    const { measurement } = base;
    return {
      model: source.name,
      baseFormat,
      sourceLoss: source.loss,
      threadCount: measurement.threadCount,
      windowTokenCount: measurement.windowTokenCount,
      scoredTokenCount: measurement.scoredTokenCount,
      cpu: request.cpu,
      measuredAt: new Date().toISOString(),
      rows: rows.toSorted((one, other) => other.fileBytes - one.fileBytes),
      failed,
    };
  } finally {
    await work.removeFiles();
  }
}

interface Measured {
  readonly row: WeightsRow;
  readonly measurement: WeightsFileMeasurement;
}

function createWork(request: WeightsRequest, tools: WeightsTools, folder: string, baseFormat: string) {
  const { source } = request;
  const logitsPath = join(folder, 'base.logits');
  const f16Path = join(folder, 'base-f16.gguf');
  let threadCount = request.threadCount;

  const recordPath = (name: string): string => join(folder, `${name}.json`);
  const onRecord = async (name: string): Promise<Measured | null> => {
    if (request.again) return null;
    // Written by the lines below, for this very key.
    const record = (await readJson(recordPath(name)).catch(() => null)) as Measured | null;
    if (record !== null) threadCount ??= record.measurement.threadCount;
    return record;
  };
  const keep = async (name: string, measured: Measured): Promise<Measured> => {
    await writeJsonAtomically(recordPath(name), measured);
    return measured;
  };
  const measureFile = async (
    path: string,
    format: string,
    how: Pick<WeightsFileRequest, 'isBase' | 'measuresSpeed'>,
    progress: WeightsProgress,
  ): Promise<WeightsFileMeasurement> => {
    const { backend, text, windowTokenCount, windowCount } = request;
    const builtKernels = request.kernelsFor?.(format) ?? null;
    const measurement = await tools.measureFile(
      {
        ...{ path, basePath: logitsPath, backend, threadCount, text, windowTokenCount, windowCount },
        ...{ builtKernels, ...how, measuresSpeed: how.measuresSpeed && (request.measuresSpeed ?? true) },
      },
      progress,
    );
    // All with as many threads as the first: twice the threads are twice the speed, whatever the format.
    threadCount ??= measurement.threadCount;
    return measurement;
  };
  const makeF16 = async (progress: WeightsProgress): Promise<string> => {
    if ((await stat(f16Path).catch(() => null)) === null) await make('F16', f16Path, progress);
    return f16Path;
  };
  const make = async (format: string, path: string, progress: WeightsProgress): Promise<void> => {
    const options = { format, allowRequantize: true, imatrix: request.imatrix, threadCount: null };
    const plan = await planQuantization(source, options, tools.quantize, progress.signal);
    await quantizeModel(plan, { home: folder, path, id: null }, tools.quantize, progress);
  };
  const rowOf = async (
    format: string,
    path: string,
    measurement: WeightsFileMeasurement,
    origin: WeightsRow['origin'],
  ): Promise<WeightsRow> => ({
    format,
    origin,
    fileBytes: (await stat(path)).size,
    bitsPerWeight: (8 * measurement.tensorBytes) / measurement.parameterCount,
    residentBytes: measurement.residentBytes,
    kernels: measurement.kernels,
    speeds: measurement.speeds,
    perplexity: measurement.perplexity,
    against: measurement.against,
  });

  return {
    makeBase: makeF16,

    /** Whether nothing is left to be measured. */
    async areOnRecord(names: readonly string[]): Promise<boolean> {
      const records = await Promise.all(names.map(onRecord));
      return records.every((record) => record !== null);
    },

    async measureBase(path: string, isRestKnown: boolean, progress: WeightsProgress): Promise<Measured> {
      const known = await onRecord('base');
      // Without the base's probabilities nothing more can be compared.
      const hasLogits = (await stat(logitsPath).catch(() => null)) !== null;
      if (known !== null && (hasLogits || isRestKnown)) return known;
      const measuresSpeed = known === null;
      const measurement = await measureFile(path, baseFormat, { isBase: true, measuresSpeed }, progress);
      if (known !== null) return known;
      return keep('base', { row: await rowOf(baseFormat, path, measurement, 'source'), measurement });
    },

    async measureSource(path: string, progress: WeightsProgress): Promise<WeightsRow> {
      const known = await onRecord('source');
      if (known !== null) return known.row;
      const measurement = await measureFile(
        path,
        source.format ?? 'F16',
        { isBase: false, measuresSpeed: true },
        progress,
      );
      const row = await rowOf(source.format ?? 'source', path, measurement, 'source');
      return (await keep('source', { row, measurement })).row;
    },

    async measureFormat(
      format: string,
      basePath: string,
      progressOf: (from: number, share: number) => WeightsProgress,
    ): Promise<WeightsRow> {
      const known = await onRecord(format);
      if (known !== null) return known.row;
      const path = join(folder, `${format}.gguf`);
      await rm(path, { force: true });
      try {
        const simulated = simulatedFormats.find((one) => one === format);
        if (simulated === undefined) {
          await make(format, path, progressOf(0, 0.3));
          const measurement = await measureFile(
            path,
            format,
            { isBase: false, measuresSpeed: true },
            progressOf(0.3, 0.7),
          );
          return (await keep(format, { row: await rowOf(format, path, measurement, 'made'), measurement }))
            .row;
        }
        const f16 = baseFormat === 'F16' ? basePath : await makeF16(progressOf(0, 0.1));
        await tools.simulate(f16, path, simulated, progressOf(0.1, 0.3));
        const measurement = await measureFile(
          path,
          'F16',
          { isBase: false, measuresSpeed: false },
          progressOf(0.4, 0.6),
        );
        const size = simulatedSize((await readGguf(path)).tensors, simulated);
        const row: WeightsRow = {
          ...(await rowOf(format, path, measurement, 'simulated')),
          fileBytes: size.tensorBytes,
          bitsPerWeight: size.bitsPerWeight,
          residentBytes: null,
          speeds: [],
        };
        return (await keep(format, { row, measurement })).row;
      } finally {
        await rm(path, { force: true });
      }
    },

    async removeFiles(): Promise<void> {
      await rm(f16Path, { force: true });
      await rm(logitsPath, { force: true });
    },
  };
}
