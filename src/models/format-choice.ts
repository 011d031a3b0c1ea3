import type { ModelGrade } from '../chat/part.ts';
import type { MeasuredModel } from './manifest.ts';

/** A weight format that was made and measured, beside the model's own. */
export interface FormatCandidate {
  readonly format: string;
  readonly measured: MeasuredModel;
}

export interface FormatChoice {
  /** The format to use; `null`: the original stays. */
  readonly format: string | null;
  /** True where only speed spoke against every candidate: another program's work may have been the cause. */
  readonly isDoubtful: boolean;
  /** The candidate that `reason` speaks of: the chosen one, else the one that came nearest. */
  readonly of: string;
  readonly reason: string;
}

const fasterByFormat: ReadonlyMap<string, readonly string[]> = new Map([
  ['Q4_1', ['Q4_0', 'IQ4_NL']],
  ['Q5_0', ['Q4_0', 'IQ4_NL']],
  ['Q5_1', ['Q4_0', 'IQ4_NL']],
  ['F32', ['Q8_0']],
  ['F16', ['Q8_0']],
  ['BF16', ['Q8_0']],
]);

/**
 * The formats that are worth trying in place of `format` on a CPU. llama.cpp has kernels over repacked blocks for
 * Q4_0 and IQ4_NL on x64 and arm64 and none for Q4_1, Q5_0 and Q5_1; IQ4_NL takes the same bytes as Q4_0 and loses
 * less. Unquantized weights are read at twice the bytes of Q8_0. K-quants lose too much by another rounding.
 */
export function fasterFormats(format: string | null): readonly string[] {
  return format === null ? [] : (fasterByFormat.get(format) ?? []);
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

function isWithinNoise(one: MeasuredModel, fastest: MeasuredModel): boolean {
  return (
    one.prefillTokensPerSecond * noiseRatio >= fastest.prefillTokensPerSecond &&
    one.decodeTokensPerSecond * noiseRatio >= fastest.decodeTokensPerSecond
  );
}

/** Prefill and decode count alike: a twofold gain in one outweighs any loss of less than half in the other. */
function speedOf({ prefillTokensPerSecond, decodeTokensPerSecond }: MeasuredModel): number {
  return prefillTokensPerSecond * decodeTokensPerSecond;
}

function isMeasured({ prefillTokensPerSecond, decodeTokensPerSecond, perplexity }: MeasuredModel): boolean {
  return [prefillTokensPerSecond, decodeTokensPerSecond, perplexity].every(
    (figure) => Number.isFinite(figure) && figure > 0,
  );
}

const times = (ratio: number): string => `${ratio.toFixed(2)}x`;

function figuresOf(before: MeasuredModel, after: MeasuredModel): string {
  return (
    `prefill ${times(after.prefillTokensPerSecond / before.prefillTokensPerSecond)}, ` +
    `decode ${times(after.decodeTokensPerSecond / before.decodeTokensPerSecond)}, ` +
    `perplexity ${times(after.perplexity / before.perplexity)}`
  );
}

/**
 * Which format to use. Candidates that cost too much quality, or are more than 10% slower than the original in prefill
 * or decode, are out. Of the rest the fastest is taken (prefill times decode), unless others are within 10% of it in
 * both: then the one of lowest perplexity. If the original is within 10% of the fastest in both, it stays. Pure.
 */
export function chooseFormat(
  before: MeasuredModel,
  candidates: readonly FormatCandidate[],
  mostPerplexity: number,
): FormatChoice {
  const refusals = candidates.map((candidate) => ({
    ...candidate,
    refusal: refusalOf(before, candidate.measured, mostPerplexity),
  }));
  const faster = refusals
    .filter(({ refusal }) => refusal === null)
    .sort((one, other) => speedOf(other.measured) - speedOf(one.measured));
  const [fastest] = faster;
  if (fastest === undefined) {
    // Named is one that speed alone spoke against, where there is one: a second measurement may bring it back.
    const named = refusals.find(({ refusal }) => refusal?.isDoubtful === true) ?? refusals[0];
    if (named === undefined || named.refusal === null)
      throw new RangeError('There is no candidate to choose from.');
    const { why, isDoubtful } = named.refusal;
    const reason = `${why}: ${figuresOf(before, named.measured)}`;
    return { format: null, isDoubtful, of: named.format, reason };
  }
  const [chosen = fastest] = faster
    .filter(({ measured }) => isWithinNoise(measured, fastest.measured))
    .sort((one, other) => one.measured.perplexity - other.measured.perplexity);
  const what =
    chosen === fastest
      ? 'it is faster'
      : `it is faster, about as fast as ${fastest.format} and of lower perplexity`;
  return {
    format: chosen.format,
    isDoubtful: false,
    of: chosen.format,
    reason: `${what}: ${figuresOf(before, chosen.measured)}`,
  };
}

interface Refusal {
  readonly why: string;
  readonly isDoubtful: boolean;
}

/** Why a candidate cannot replace the original; `null` where it can. */
function refusalOf(before: MeasuredModel, after: MeasuredModel, mostPerplexity: number): Refusal | null {
  if (!isMeasured(before) || !isMeasured(after)) return { why: 'the measurement failed', isDoubtful: false };
  if (after.perplexity / before.perplexity > mostPerplexity) {
    return {
      why: `it costs more quality than the ${times(mostPerplexity)} that is accepted`,
      isDoubtful: false,
    };
  }
  if (!isWithinNoise(after, before)) return { why: 'it is slower', isDoubtful: true };
  if (isWithinNoise(before, after)) return { why: 'it is no faster', isDoubtful: true };
  return null;
}
