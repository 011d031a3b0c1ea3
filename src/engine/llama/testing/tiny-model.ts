import { writeFileSync } from 'node:fs';
import { encodeGguf } from '../../../models/gguf-writer.ts';
import type { Metadata, Tensor } from '../../../models/gguf-writer.ts';

/**
 * Kinds of memory that libllama has: cells for every layer (Llama), cells of which half the layers see a window
 * (Gemma 3), and a state without cells (Mamba).
 */
export type TinyModelKind = 'dense' | 'sliding' | 'recurrent';

/** Tokens that the sliding layers look back. */
export const tinyWindow = 32;

const width = 32;
const headLength = 16;
const layerCount = 2;
const vocabularySize = 300;

/** Writes a GGUF of a few kilobytes with random weights, the same each time: no sense, but every mechanism. */
export function writeTinyModel(path: string, kind: TinyModelKind): void {
  const architecture = { dense: 'llama', sliding: 'gemma3', recurrent: 'mamba' }[kind];
  const metadata = new Map<string, Metadata>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.name', { type: 'string', value: `tiny ${kind}` }],
    [`${architecture}.context_length`, { type: 'u32', value: 2048 }],
    [`${architecture}.embedding_length`, { type: 'u32', value: width }],
    [`${architecture}.block_count`, { type: 'u32', value: layerCount }],
    [`${architecture}.feed_forward_length`, { type: 'u32', value: kind === 'recurrent' ? 0 : 2 * width }],
    [`${architecture}.attention.head_count`, { type: 'u32', value: kind === 'recurrent' ? 0 : 2 }],
    [`${architecture}.attention.layer_norm_rms_epsilon`, { type: 'f32', value: 1e-6 }],
    ...vocabulary(),
  ]);
  if (kind === 'recurrent') {
    metadata.set('mamba.ssm.conv_kernel', { type: 'u32', value: 4 });
    metadata.set('mamba.ssm.inner_size', { type: 'u32', value: 2 * width });
    metadata.set('mamba.ssm.state_size', { type: 'u32', value: 16 });
    metadata.set('mamba.ssm.time_step_rank', { type: 'u32', value: 2 });
  } else {
    metadata.set(`${architecture}.attention.head_count_kv`, { type: 'u32', value: 1 });
    metadata.set(`${architecture}.attention.key_length`, { type: 'u32', value: headLength });
    metadata.set(`${architecture}.attention.value_length`, { type: 'u32', value: headLength });
  }
  if (kind === 'sliding') {
    metadata.set('gemma3.attention.sliding_window', { type: 'u32', value: tinyWindow });
    metadata.set('gemma3.attention.sliding_window_pattern', { type: 'u32', value: 2 });
  }
  writeFileSync(path, encodeGguf(metadata, tensorsOf(kind)));
}

function vocabulary(): [string, Metadata][] {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const words = Array.from({ length: vocabularySize - 259 }, (_, index) => `\u2581w${index}`);
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

function tensorsOf(kind: TinyModelKind): Tensor[] {
  const random = createRandom();
  const matrix = (name: string, ...shape: number[]): Tensor => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const scale = 2 / Math.sqrt(shape[0] ?? 1);
    return { name, shape, values: values.map(() => scale * (random() - 0.5)) };
  };
  const constant = (name: string, value: number, ...shape: number[]): Tensor => ({
    name,
    shape,
    values: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value),
  });
  const attention = (block: string): Tensor[] => [
    matrix(`${block}.attn_q.weight`, width, 2 * headLength),
    matrix(`${block}.attn_k.weight`, width, headLength),
    matrix(`${block}.attn_v.weight`, width, headLength),
    matrix(`${block}.attn_output.weight`, 2 * headLength, width),
    constant(`${block}.ffn_norm.weight`, 1, width),
    matrix(`${block}.ffn_gate.weight`, width, 2 * width),
    matrix(`${block}.ffn_up.weight`, width, 2 * width),
    matrix(`${block}.ffn_down.weight`, 2 * width, width),
  ];
  const norms = (block: string): Tensor[] => [
    constant(`${block}.attn_q_norm.weight`, 1, headLength),
    constant(`${block}.attn_k_norm.weight`, 1, headLength),
    constant(`${block}.post_attention_norm.weight`, 1, width),
    constant(`${block}.post_ffw_norm.weight`, 1, width),
  ];
  const state = (block: string): Tensor[] => [
    matrix(`${block}.ssm_in.weight`, width, 4 * width),
    matrix(`${block}.ssm_conv1d.weight`, 4, 2 * width),
    constant(`${block}.ssm_conv1d.bias`, 0, 2 * width),
    matrix(`${block}.ssm_x.weight`, 2 * width, 2 + 32),
    matrix(`${block}.ssm_dt.weight`, 2, 2 * width),
    constant(`${block}.ssm_dt.bias`, 0, 2 * width),
    constant(`${block}.ssm_a`, -0.5, 16, 2 * width),
    constant(`${block}.ssm_d`, 1, 2 * width),
    matrix(`${block}.ssm_out.weight`, 2 * width, width),
  ];
  const blocks = Array.from({ length: layerCount }, (_, index) => `blk.${index}`);
  return [
    matrix('token_embd.weight', width, vocabularySize),
    constant('output_norm.weight', 1, width),
    matrix('output.weight', width, vocabularySize),
    ...blocks.flatMap((block) => [
      constant(`${block}.attn_norm.weight`, 1, width),
      ...(kind === 'recurrent' ? state(block) : attention(block)),
      ...(kind === 'sliding' ? norms(block) : []),
    ]),
  ];
}

/** Numbers in [0, 1), always the same (Park-Miller). */
function createRandom(): () => number {
  let state = 20_261_123;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
