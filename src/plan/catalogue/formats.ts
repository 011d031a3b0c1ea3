import { checked, type Evidence } from './evidence.ts';

/** A weight format as engines name it, and what it costs. */
export interface PlanFormat {
  readonly name: string;
  /** The guide's name for its kind. */
  readonly kind: 'FP16' | 'INT8' | 'INT4' | 'NF4' | 'FP8' | 'between';
  /** Block scales counted. */
  readonly bitsPerWeight: number;
  /** Mean KL divergence from 16 bits, nats; larger in smaller models. */
  readonly divergence: number;
  /** Whether prompts are multiplied in 8 bits, where a device can. */
  readonly hasFastMath: boolean;
  /** Of the speed that other formats of its size reach, what its kernels do. */
  readonly kernelShare: number;
  readonly evidence: Evidence;
}

const scoreboard = checked('llama.cpp, tools/perplexity/README.md: LLaMA 3 8b scoreboard, mean KLD');
const format = (
  name: string,
  kind: PlanFormat['kind'],
  bitsPerWeight: number,
  divergence: number,
  evidence: Evidence,
  hasFastMath = false,
  kernelShare = 1,
): PlanFormat => ({ name, kind, bitsPerWeight, divergence, hasFastMath, kernelShare, evidence });

export const planFormats: readonly PlanFormat[] = [
  format('F16', 'FP16', 16, 0, checked('the base of all comparisons')),
  format('Q8_0', 'INT8', 8.5, 0.001355, scoreboard),
  format('Q6_K', 'between', 6.5625, 0.005452, scoreboard),
  format('Q5_K_M', 'between', 5.7, 0.010762, scoreboard),
  format('Q4_K_M', 'INT4', 4.89, 0.031273, scoreboard),
  format('Q4_0', 'INT4', 4.5, 0.07194, scoreboard),
  format('IQ4_NL', 'INT4', 4.5, 0.035742, scoreboard),
  format(
    'FP8',
    'FP8',
    8,
    0.002,
    checked(
      'Kurtic et al. 2024 (arXiv 2411.02355), abstract: W8A8-FP is lossless at all sizes; 0.002 stands for noise',
    ),
    true,
  ),
  format(
    'INT8-W8A8',
    'INT8',
    8,
    0.02,
    checked('Kurtic et al. 2024 (arXiv 2411.02355), abstract: W8A8-INT loses 1 to 3% of scores, well tuned'),
    true,
  ),
  format(
    'AWQ',
    'INT4',
    4.16,
    0.045,
    checked(
      "torchao's AWQ (pytorch/ao#1036): groups of 128, each with a 16-bit scale and a 4-bit zero; perplexity of Llama 3 8B " +
        "Instruct 10.936 becomes 11.383, of which the scoreboard's 1.1 nats of divergence a nat are taken",
    ),
  ),
  format(
    'NF4',
    'NF4',
    4.127,
    0.055,
    checked(
      'measured here on SmolLM2 135M and Gemma 3 270M, 0.23 nats where IQ4_NL has 0.17 and 0.14 and Q4_0 0.24 and 0.36 ' +
        '(docs/quantizing.md), brought to the size of the scoreboard; speed: bitsandbytes#696, 12.2 tokens/s of Llama 2 7B where GPTQ has 21.4',
    ),
    false,
    0.57,
  ),
  format(
    'MLC-q4f16_1',
    'INT4',
    4.5,
    0.05,
    checked(
      'mlc-ai/mlc-llm, quantization/quantization.py: groups of 32, each with a 16-bit scale; a loss between Q4_K_M and Q4_0 is assumed',
    ),
  ),
  format(
    'ONNX-q4',
    'INT4',
    4.5,
    0.05,
    checked(
      "ONNX Runtime's operator MatMulNBits (huggingface.co/kernels): a scale of 16 bits for each block, here of 32; loss as MLC is assumed",
    ),
  ),
  format(
    'ONNX-q8',
    'INT8',
    8,
    0.02,
    checked(
      'huggingface/transformers.js, scripts/quantize.py: dynamic quantization, a scale for each matrix; loss as INT8-W8A8 is assumed',
    ),
    true,
  ),
  format(
    'CoreML-int4',
    'INT4',
    4.5,
    0.05,
    checked(
      "Apple's coreai-optimization, preset w4_per_block: symmetric, blocks of 32; loss as MLC is assumed",
    ),
  ),
  format(
    'CoreML-int8',
    'INT8',
    8.02,
    0.005,
    checked('coremltools, linear_quantize_weights: a scale for each channel, here of 1,024; loss assumed'),
  ),
  format(
    'LiteRT-int4',
    'INT4',
    4.5,
    0.05,
    checked('pypi.org/project/litert-quantizer: blocks of 32 and more, here 32; loss as MLC is assumed'),
  ),
  format(
    'LiteRT-int8',
    'INT8',
    8.02,
    0.01,
    checked(
      "ai.google.dev, LiteRT's 8-bit quantization specification: a scale for each channel, here of 1,024; loss assumed",
    ),
    true,
  ),
  format(
    'PTE-8da4w',
    'INT4',
    4.5,
    0.05,
    checked(
      'torchao, int8_dynamic_activation_int4_weight (for ExecuTorch): groups of 32, symmetric; loss assumed',
    ),
    true,
  ),
];

const byName = new Map(planFormats.map((one) => [one.name, one]));

/** @throws RangeError listing what is known */
export function planFormat(name: string): PlanFormat {
  const found = byName.get(name);
  if (found === undefined)
    throw new RangeError(
      `format: expected one of ${planFormats.map((one) => one.name).join(', ')}, got ${JSON.stringify(name)}`,
    );
  return found;
}

/** By its name, or all of a kind such as INT4, in any case; empty: not known. */
export function formatsNamed(name: string): readonly PlanFormat[] {
  const wanted = name.toUpperCase();
  return planFormats.filter((one) => one.name.toUpperCase() === wanted || one.kind === wanted);
}

/**
 * Share of a score that is left in a format: exp(-KL), the geometric mean of what a token's probability keeps. A convention
 * that orders formats; measure your model with `nearfar measure --what weights`.
 */
export function keptShare({ divergence }: PlanFormat): number {
  return Math.exp(-divergence);
}
