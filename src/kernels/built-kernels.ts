import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { NearfarError } from '../chat/error.ts';
import type { KernelSetting } from './kernel-setting.ts';

const speed = z.object({
  /** Tokens/s of a prompt of 512. */
  prefill: z.number().positive(),
  /** Tokens/s of one stream. */
  decode: z.number().positive(),
});

const recordSchema = z.object({
  /** E.g. `libggml-cpu-zen4.so`, beside the record. */
  fileName: z.string().regex(/^[\w.-]+$/),
  sha256: z.string(),
  /** The build of the same variant that is shipped, e.g. `zen4`. */
  variant: z.string(),
  /** Package and version whose library they belong to: one of another version has other insides. */
  library: z.string(),
  cpu: z.string(),
  compiler: z.string(),
  builtAt: z.string(),
  comparisons: z.array(
    z.object({
      /** Of a tensor, e.g. `F16`, `Q4_K`. */
      format: z.string(),
      /** The faster of its runs. */
      shipped: speed,
      built: speed,
      /** Every run of the built ones took less time, prompt and answer, than every one of the shipped ones. */
      isClear: z.boolean(),
      /** Root mean square of the differences between both's logits, as a share of that of the logits. */
      difference: z.number().nonnegative(),
    }),
  ),
});

/** CPU kernels that were built and compared with the shipped ones on this machine. */
export type KernelRecord = z.infer<typeof recordSchema>;
export type KernelComparison = KernelRecord['comparisons'][number];

export interface BuiltKernels {
  /** Absolute path of the library. */
  readonly file: string;
  readonly record: KernelRecord;
}

export function kernelFolder(home: string): string {
  return join(home, 'kernels');
}

export function kernelRecordPath(home: string): string {
  return join(kernelFolder(home), 'kernels.json');
}

/**
 * What was built in this home, and whether it may be loaded: `problem` says why not.
 * @param machine the library that is to load them, and the processor
 */
export function findBuiltKernels(
  home: string,
  machine: { readonly library: string; readonly cpu: string },
): { readonly built: BuiltKernels | null; readonly problem: string | null } {
  if (!existsSync(kernelRecordPath(home))) return { built: null, problem: null };
  const useless = (problem: string) => ({ built: null, problem });
  let record: KernelRecord;
  let bytes: Buffer;
  const again = 'Build them again: nearfar kernels build.';
  try {
    record = recordSchema.parse(JSON.parse(readFileSync(kernelRecordPath(home), 'utf8')));
    bytes = readFileSync(join(kernelFolder(home), record.fileName));
  } catch {
    return useless(`The CPU kernels that were built here, or their record, cannot be read. ${again}`);
  }
  if (record.library !== machine.library)
    return useless(`The CPU kernels were built for ${record.library}; this is ${machine.library}. ${again}`);
  if (record.cpu !== machine.cpu)
    return useless(`The CPU kernels were built for ${record.cpu}; this is ${machine.cpu}. ${again}`);
  // A file that was cut off or changed would be run as it is.
  if (createHash('sha256').update(bytes).digest('hex') !== record.sha256)
    return useless(`The CPU kernels that were built here have changed since. ${again}`);
  return { built: { file: join(kernelFolder(home), record.fileName), record }, problem: null };
}

/** What a request is taken to be where kernels are judged by both of its halves. */
const judged = { promptTokenCount: 512, answerTokenCount: 128 };
/** Less is within what two measurements of the same kernels differ by. */
const leastGain = 0.03;

/** Seconds for a prompt of 512 and an answer of 128. Pure. */
export function secondsOf({ prefill, decode }: z.infer<typeof speed>): number {
  return judged.promptTokenCount / prefill + judged.answerTokenCount / decode;
}

/** Share of the shipped kernels' time that the built ones save; may be negative. Pure. */
export function gainOf({ shipped, built }: Pick<KernelComparison, 'shipped' | 'built'>): number {
  return 1 - secondsOf(built) / secondsOf(shipped);
}

/** The comparison that speaks for a model's format, e.g. `Q4_K_M` is mostly `Q4_K`. Pure. */
export function comparisonFor(
  comparisons: readonly KernelComparison[],
  format: string,
): KernelComparison | null {
  const wanted = format.toUpperCase();
  return (
    comparisons
      .filter((one) => wanted === one.format || wanted.startsWith(`${one.format}_`))
      .toSorted((one, other) => other.format.length - one.format.length)[0] ?? null
  );
}

/**
 * The library file to load for a model, or `null` for the shipped kernels. Pure.
 * @param format of the model's weights; `null`: not known
 * @throws NearfarError where built ones are demanded and there are none
 */
export function chooseKernels(
  setting: KernelSetting,
  found: ReturnType<typeof findBuiltKernels>,
  format: string | null,
): string | null {
  const { built, problem } = found;
  if (setting === 'shipped') return null;
  if (setting === 'built') {
    if (built !== null) return built.file;
    throw new NearfarError(
      'invalid_request',
      `engine.kernels is built, but ${problem === null ? 'none were built here. Build them: nearfar kernels build.' : problem}`,
      { field: 'engine.kernels' },
    );
  }
  if (built === null || format === null) return null;
  const comparison = comparisonFor(built.record.comparisons, format);
  return comparison?.isClear === true && gainOf(comparison) > leastGain ? built.file : null;
}
