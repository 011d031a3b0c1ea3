import { writeFileSync } from 'node:fs';
import { createRandom } from '../engine/sampling/random.ts';
import { nodesOfBlock, nodesOfNorm } from '../models/step-load.ts';
import type { MatrixSize, StepLoad } from '../plan/calculate/calibrated-speed.ts';
import { encodeGguf, type Metadata, type Tensor } from '../models/gguf-writer.ts';

/** Sizes of a made-up Llama. */
export interface CalibrationShape {
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly kvHeadCount: number;
  readonly headLength: number;
}

/** Long rows and few layers: what its steps take, the weights take. */
export const wideShape: CalibrationShape = {
  ...{ embeddingLength: 768, feedForwardLength: 3072, layerCount: 8 },
  ...{ headCount: 12, kvHeadCount: 4, headLength: 64 },
};

/** Short rows, more of them: what its steps take beyond its weights, the rows take. As short as the narrowest models have them. */
export const narrowShape: CalibrationShape = {
  ...{ embeddingLength: 512, feedForwardLength: 1280, layerCount: 24 },
  ...{ headCount: 8, kvHeadCount: 2, headLength: 64 },
};

/** Next to no weights and rows, many layers: what its steps take, threads take that wait for each other. */
export const thinShape: CalibrationShape = {
  ...{ embeddingLength: 128, feedForwardLength: 256, layerCount: 24 },
  ...{ headCount: 2, kvHeadCount: 2, headLength: 64 },
};

export const calibrationContext = 4096;
const vocabTokenCount = 512;

/** What a step of it has to do, with all of its matrices in one format. Pure. */
export function calibrationLoad(shape: CalibrationShape, format: string): StepLoad {
  const { embeddingLength, feedForwardLength, layerCount, headCount, kvHeadCount, headLength } = shape;
  const [queries, keys] = [headCount * headLength, kvHeadCount * headLength];
  const attention: MatrixSize = {
    weightCount: 2 * embeddingLength * (queries + keys),
    rowCount: queries + 2 * keys + embeddingLength,
  };
  const feedForward: MatrixSize = {
    weightCount: 3 * embeddingLength * feedForwardLength,
    rowCount: 2 * feedForwardLength + embeddingLength,
  };
  const sum = (one: MatrixSize, times: number, other: MatrixSize, otherTimes: number): MatrixSize => ({
    weightCount: times * one.weightCount + otherTimes * other.weightCount,
    rowCount: times * one.rowCount + otherTimes * other.rowCount,
  });
  const output = { weightCount: embeddingLength * vocabTokenCount, rowCount: vocabTokenCount };
  return {
    blocks: { [format]: sum(attention, layerCount, feedForward, layerCount - 1) },
    ends: { [format]: sum(feedForward, 1, output, 1) },
    nodeCount: layerCount * (nodesOfBlock + 2 * nodesOfNorm),
    headCount: layerCount * headCount,
    attentionWidth: layerCount * queries,
  };
}

/**
 * Writes a model of random weights in F32 that is nobody's: measuring the machine with it says nothing of any model that is
 * predicted from the measurement. A vocabulary of 512 words, so that the output weighs next to nothing.
 */
export function writeCalibrationModel(path: string, shape: CalibrationShape): void {
  const { embeddingLength, feedForwardLength, layerCount, headCount, kvHeadCount, headLength } = shape;
  const u32 = (key: string, value: number): [string, Metadata] => [`llama.${key}`, { type: 'u32', value }];
  const metadata = new Map<string, Metadata>([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['general.name', { type: 'string', value: 'nearfar calibration' }],
    u32('context_length', calibrationContext),
    u32('embedding_length', embeddingLength),
    u32('block_count', layerCount),
    u32('feed_forward_length', feedForwardLength),
    u32('attention.head_count', headCount),
    u32('attention.head_count_kv', kvHeadCount),
    u32('attention.key_length', headLength),
    u32('attention.value_length', headLength),
    ['llama.attention.layer_norm_rms_epsilon', { type: 'f32', value: 1e-5 }],
    ...vocabulary(),
  ]);
  const random = createRandom(5);
  // One stretch of numbers for all: the kernels do not care, and half a gigabyte less is made.
  const widest = Math.max(feedForwardLength, headCount * headLength, vocabTokenCount) * embeddingLength;
  const numbers = Float32Array.from({ length: widest }, () => 0.05 * (random() - 0.5));
  const matrix = (name: string, columns: number, rows: number): Tensor => ({
    name,
    shape: [columns, rows],
    values: numbers.subarray(0, columns * rows),
  });
  const ones = (name: string): Tensor => ({
    name,
    shape: [embeddingLength],
    values: new Float32Array(embeddingLength).fill(1),
  });
  const blocks = Array.from({ length: layerCount }, (_, index) => `blk.${index}`);
  const tensors = [
    matrix('token_embd.weight', embeddingLength, vocabTokenCount),
    ones('output_norm.weight'),
    matrix('output.weight', embeddingLength, vocabTokenCount),
    ...blocks.flatMap((block) => [
      ones(`${block}.attn_norm.weight`),
      matrix(`${block}.attn_q.weight`, embeddingLength, headCount * headLength),
      matrix(`${block}.attn_k.weight`, embeddingLength, kvHeadCount * headLength),
      matrix(`${block}.attn_v.weight`, embeddingLength, kvHeadCount * headLength),
      matrix(`${block}.attn_output.weight`, headCount * headLength, embeddingLength),
      ones(`${block}.ffn_norm.weight`),
      matrix(`${block}.ffn_gate.weight`, embeddingLength, feedForwardLength),
      matrix(`${block}.ffn_up.weight`, embeddingLength, feedForwardLength),
      matrix(`${block}.ffn_down.weight`, feedForwardLength, embeddingLength),
    ]),
  ];
  writeFileSync(path, encodeGguf(metadata, tensors));
}

/** Control tokens, all bytes, and words that nobody says: the least that libllama takes. */
function vocabulary(): [string, Metadata][] {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const words = Array.from({ length: vocabTokenCount - 259 }, (_, index) => `\u2581w${index}`);
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...words];
  const kinds = tokens.map((_, index) => (index === 0 ? 2 : index < 3 ? 3 : index < 259 ? 6 : 1));
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens }],
    ['tokenizer.ggml.scores', { type: 'f32s', value: tokens.map((_, index) => -index) }],
    ['tokenizer.ggml.token_type', { type: 'i32s', value: kinds }],
    ['tokenizer.ggml.bos_token_id', { type: 'u32', value: 1 }],
    ['tokenizer.ggml.eos_token_id', { type: 'u32', value: 2 }],
  ];
}
