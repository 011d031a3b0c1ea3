import type { DeviceKind } from '../calculate/device.ts';
import { checked, type Evidence } from './evidence.ts';

/** A program that runs models, as far as a choice depends on it. */
export interface PlanEngine {
  readonly name: EngineName;
  readonly runsOn: readonly DeviceKind[];
  /** `null`: on all systems of those devices. */
  readonly systems: readonly string[] | null;
  /** Names of `planFormats`. */
  readonly formats: readonly string[];
  /** Most answers at once; 1: one after the other. */
  readonly batchLimit: number;
  /** Devices over which one model may be split. */
  readonly splitLimit: number;
  readonly hasContinuousBatching: boolean;
  /** A beginning that came before is not read again. */
  readonly hasPrefixCache: boolean;
  readonly hasSpeculation: boolean;
  /** Share of a device's memory bandwidth and FLOPS that its kernels reach. Assumed unless the evidence says measured. */
  readonly efficiency: { readonly memory: number; readonly compute: number };
  /** What the process takes beside weights and cache. */
  readonly overheadBytes: number;
  /** What it takes to set up and keep, 1 (one command) to 5 (an engine built for each model and device). */
  readonly effort: 1 | 2 | 3 | 4 | 5;
  /** Set where its makers advise new users to take something else. */
  readonly isRetired?: true;
  /** The gateway's preset for it as an upstream; `null`: it is no server. */
  readonly preset: string | null;
  readonly evidence: Evidence;
}

export const engineNames = [
  'nearfar',
  'Ollama',
  'llama.cpp',
  'vLLM',
  'SGLang',
  'TensorRT-LLM',
  'TGI',
  'WebLLM',
  'Transformers.js',
  'Core ML',
  'LiteRT',
  'ExecuTorch',
  'ONNX Runtime',
] as const;
export type EngineName = (typeof engineNames)[number];

const ggufFormats = ['F16', 'Q8_0', 'Q6_K', 'Q5_K_M', 'Q4_K_M', 'Q4_0', 'IQ4_NL'];
const GB = 1e9;

const base = {
  systems: null,
  splitLimit: 1,
  hasContinuousBatching: false,
  hasPrefixCache: false,
  hasSpeculation: false,
  batchLimit: 1,
  preset: null,
} as const;

const gpuServer = {
  ...base,
  runsOn: ['gpu'],
  systems: ['linux'],
  batchLimit: 256,
  splitLimit: 8,
  hasContinuousBatching: true,
  hasPrefixCache: true,
  hasSpeculation: true,
  overheadBytes: 3 * GB,
} as const;

/** Dated by `catalogueDate`. Efficiencies are guesses of the usual size; where one was measured its evidence says so. */
export const planEngines: readonly PlanEngine[] = [
  {
    ...base,
    name: 'nearfar',
    runsOn: ['cpu', 'gpu', 'apple', 'embedded'],
    systems: ['linux', 'macos', 'windows'],
    formats: ggufFormats,
    batchLimit: 128,
    splitLimit: 1,
    hasContinuousBatching: true,
    hasPrefixCache: true,
    hasSpeculation: true,
    efficiency: { memory: 0.7, compute: 0.35 },
    overheadBytes: 0.3 * GB,
    effort: 1,
    evidence: checked('this program: docs/benchmarks.md; its GPU builds were never run'),
  },
  {
    ...base,
    name: 'llama.cpp',
    runsOn: ['cpu', 'gpu', 'apple', 'phone', 'embedded'],
    formats: ggufFormats,
    batchLimit: 64,
    splitLimit: 4,
    hasContinuousBatching: true,
    hasPrefixCache: true,
    hasSpeculation: true,
    efficiency: { memory: 0.7, compute: 0.35 },
    overheadBytes: 0.5 * GB,
    effort: 2,
    preset: 'llama.cpp',
    evidence: checked('docs/benchmarks.md, side by side with nearfar; formats: its README'),
  },
  {
    ...base,
    name: 'Ollama',
    runsOn: ['cpu', 'gpu', 'apple'],
    formats: ['F16', 'Q8_0', 'Q4_K_M', 'Q4_0'],
    batchLimit: 8,
    splitLimit: 4,
    hasContinuousBatching: true,
    hasPrefixCache: true,
    efficiency: { memory: 0.65, compute: 0.32 },
    overheadBytes: 0.6 * GB,
    effort: 1,
    preset: 'ollama',
    evidence: checked(
      'ollama/ollama#4218: OLLAMA_NUM_PARALLEL slots share the weights, each with its own part of the context; a little slower than llama.cpp is assumed',
    ),
  },
  {
    ...gpuServer,
    name: 'vLLM',
    formats: ['F16', 'FP8', 'INT8-W8A8', 'AWQ', 'NF4'],
    efficiency: { memory: 0.7, compute: 0.5 },
    effort: 3,
    preset: 'vllm',
    evidence: checked(
      'docs.vllm.ai: quantization, automatic prefix caching, speculative decoding; efficiency assumed',
    ),
  },
  {
    ...gpuServer,
    name: 'SGLang',
    formats: ['F16', 'FP8', 'INT8-W8A8', 'AWQ'],
    efficiency: { memory: 0.7, compute: 0.5 },
    effort: 3,
    preset: 'sglang',
    evidence: checked('its README: RadixAttention, FP8, AWQ, tensor parallelism; efficiency assumed as vLLM'),
  },
  {
    ...gpuServer,
    name: 'TensorRT-LLM',
    formats: ['F16', 'FP8', 'INT8-W8A8', 'AWQ'],
    efficiency: { memory: 0.75, compute: 0.55 },
    effort: 4,
    preset: 'tensorrt-llm',
    evidence: checked(
      'nvidia.github.io/TensorRT-LLM: in-flight batching, KV cache reuse, FP8, INT8, INT4 AWQ, speculation; a tenth faster than vLLM is assumed',
    ),
  },
  {
    ...gpuServer,
    name: 'TGI',
    formats: ['F16', 'FP8', 'AWQ', 'NF4'],
    efficiency: { memory: 0.65, compute: 0.45 },
    effort: 3,
    isRetired: true,
    preset: 'tgi',
    evidence: checked(
      'its README: in maintenance mode since December 2025, its makers recommend vLLM, SGLang, llama.cpp or MLX; efficiency assumed',
    ),
  },
  {
    ...base,
    name: 'WebLLM',
    runsOn: ['browser'],
    formats: ['F16', 'MLC-q4f16_1'],
    efficiency: { memory: 0.5, compute: 0.3 },
    overheadBytes: 0.3 * GB,
    effort: 2,
    evidence: checked(
      'arXiv 2412.15803: up to 80% of native speed over WebGPU, of which 70% of the bandwidth is assumed, less what is not up to',
    ),
  },
  {
    ...base,
    name: 'Transformers.js',
    runsOn: ['browser'],
    formats: ['ONNX-q4', 'ONNX-q8', 'F16'],
    efficiency: { memory: 0.4, compute: 0.2 },
    overheadBytes: 0.4 * GB,
    effort: 2,
    evidence: checked(
      'huggingface.co/docs/transformers.js: q4, q8 and fp16 by ONNX Runtime Web over WebGPU or WASM; efficiency assumed',
    ),
  },
  {
    ...base,
    name: 'Core ML',
    runsOn: ['apple', 'phone'],
    systems: ['ios', 'macos'],
    formats: ['F16', 'CoreML-int8', 'CoreML-int4'],
    efficiency: { memory: 0.37, compute: 0.4 },
    overheadBytes: 0.3 * GB,
    effort: 4,
    evidence: checked(
      'machinelearning.apple.com, "On device Llama 3.1 with Core ML": 33 tokens/s of 8B in int4 on an M1 Max are 37% of its 400 GB/s; compute assumed',
    ),
  },
  {
    ...base,
    name: 'LiteRT',
    runsOn: ['phone', 'embedded'],
    systems: ['android', 'ios', 'linux'],
    formats: ['LiteRT-int4', 'LiteRT-int8'],
    efficiency: { memory: 0.6, compute: 0.35 },
    overheadBytes: 0.3 * GB,
    effort: 3,
    evidence: checked(
      'ai.google.dev/edge/litert-lm: Android, iOS, desktop, embedded, once TensorFlow Lite; efficiency assumed',
    ),
  },
  {
    ...base,
    name: 'ExecuTorch',
    runsOn: ['phone', 'embedded'],
    systems: ['android', 'ios', 'linux'],
    formats: ['PTE-8da4w'],
    efficiency: { memory: 0.55, compute: 0.3 },
    overheadBytes: 0.2 * GB,
    effort: 4,
    evidence: checked(
      'docs.pytorch.org/executorch: XNNPACK, Core ML, Vulkan, Qualcomm; microcontrollers to phones; efficiency assumed',
    ),
  },
  {
    ...base,
    name: 'ONNX Runtime',
    runsOn: ['cpu', 'gpu', 'phone', 'embedded'],
    formats: ['F16', 'ONNX-q8', 'ONNX-q4'],
    batchLimit: 32,
    hasContinuousBatching: true,
    hasPrefixCache: true,
    hasSpeculation: true,
    efficiency: { memory: 0.55, compute: 0.3 },
    overheadBytes: 0.4 * GB,
    effort: 3,
    evidence: checked(
      'microsoft/onnxruntime-genai, docs/paged_attention_batching.md, prefix-cache-validation.md, SpeculativeDecoding.md: its Engine ' +
        'batches models with paged attention, on CUDA; efficiency assumed',
    ),
  },
];

/** In any case, spaces, dots and dashes ignored; `null`: not known. */
export function findEngine(name: string): PlanEngine | null {
  const squash = (text: string): string => text.toLowerCase().replaceAll(/[-_\s.]/g, '');
  return planEngines.find((engine) => squash(engine.name) === squash(name)) ?? null;
}
