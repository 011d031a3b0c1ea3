import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NearfarError } from '../chat/error.ts';
import type { QuantizeRequest } from '../engine/llama/quantize.ts';
import { pureFileTypes } from '../measure/calibrate-speed.ts';
import { secondsOf, type KernelComparison } from './built-kernels.ts';
import type { KernelRun, KernelRunRequest } from './kernel-run.ts';

export interface ComparingTools {
  /** Writes a made-up model in F32. */
  readonly writeModel: (path: string) => void;
  readonly quantize: (request: QuantizeRequest & { readonly signal: AbortSignal }) => Promise<unknown>;
  readonly run: (request: KernelRunRequest, options: { readonly signal: AbortSignal }) => Promise<KernelRun>;
}

export interface ComparingRequest {
  /** The library that was built. */
  readonly file: string;
  readonly threadCount: number;
  /** Where files are made and removed again: 300 MB and less. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/** Formats whose kernels are worth telling apart: what models are served in here. */
export const comparedFormats: readonly string[] = [
  ...['F16', 'BF16', 'Q8_0', 'Q6_K', 'Q5_K', 'Q4_K', 'Q4_0', 'IQ4_NL'],
];

/** Shipped and built take turns, so that what disturbs the machine for a while disturbs both. */
const turns = ['shipped', 'built', 'built', 'shipped'] as const;

/**
 * Sums in another order differ in the last bits of a float; quantized activations that round the other way differ by more. Wrong
 * kernels are off by the logits themselves.
 */
const mostDifference = 0.02;

/**
 * Runs the built kernels and the shipped ones over a made-up model in each format: both must compute the same.
 * @throws NearfarError `internal` where they do not, or where the built ones could not be loaded or crash
 */
export async function compareKernels(
  request: ComparingRequest,
  tools: ComparingTools,
): Promise<{ readonly variant: string; readonly comparisons: KernelComparison[] }> {
  const { signal, file, threadCount } = request;
  const folder = await mkdtemp(join(request.folder, 'comparison-'));
  const comparisons: KernelComparison[] = [];
  let variant = '';
  let done = 0;
  try {
    const wide = join(folder, 'wide-f32.gguf');
    tools.writeModel(wide);
    for (const format of comparedFormats) {
      const path = join(folder, `${format}.gguf`);
      const fileType = pureFileTypes[format] ?? format;
      await tools.quantize({
        input: wide,
        output: path,
        format: fileType,
        isPure: true,
        allowRequantize: false,
        signal,
      });
      const runs = { shipped: [] as KernelRun[], built: [] as KernelRun[] };
      for (const side of turns) {
        const builtKernels = side === 'built' ? file : null;
        const run = await tools.run({ path, builtKernels, threadCount }, { signal });
        if (run.kernels !== side)
          throw new NearfarError(
            'internal',
            'The kernels that were built cannot be loaded into the library.',
          );
        runs[side].push(run);
        variant = run.cpuVariant ?? variant;
        request.onProgress(++done / (turns.length * comparedFormats.length));
      }
      const difference = differenceOf(runs.shipped[0]?.logits ?? [], runs.built[0]?.logits ?? []);
      if (!(difference <= mostDifference)) {
        throw new NearfarError(
          'internal',
          `The kernels that were built compute something else in ${format}: their logits differ from the shipped ones' by ` +
            `${(100 * difference).toPrecision(3)}% (at most ${100 * mostDifference}% is rounding). They are not used.`,
        );
      }
      comparisons.push({ format, ...judge(runs.shipped, runs.built), difference });
      await rm(path, { force: true });
    }
    return { variant, comparisons };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Pure. */
function judge(shipped: readonly KernelRun[], built: readonly KernelRun[]) {
  const fastest = (side: readonly KernelRun[]) => ({
    prefill: Math.max(...side.map(({ prefill }) => prefill)),
    decode: Math.max(...side.map(({ decode }) => decode)),
  });
  return {
    shipped: fastest(shipped),
    built: fastest(built),
    isClear: Math.max(...built.map(secondsOf)) < Math.min(...shipped.map(secondsOf)),
  };
}

/** Root mean square of the differences as a share of that of the values; NaN where either has no finite numbers. Pure. */
export function differenceOf(expected: readonly number[], actual: readonly number[]): number {
  if (expected.length === 0 || expected.length !== actual.length) return NaN;
  const squares = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(squares(expected.map((value, at) => value - (actual[at] ?? NaN))) / squares(expected));
}
