import { writeFileSync } from 'node:fs';
import { encodeGguf, type Metadata, type Tensor } from '../../../models/gguf-writer.ts';

const width = 32;
const layerCount = 2;
const contextLength = 64;
const poolingIds = { mean: 1, cls: 2, rank: 4 } as const;

/** Tokens of one text that the tiny reader takes. */
export const tinyReaderContext = contextLength;

/**
 * Writes a BERT of a few kilobytes with random weights, the same each time: words of one letter, every mechanism of an
 * embedding model or, with `rank`, of a reranking one.
 */
export function writeTinyReader(path: string, pooling: keyof typeof poolingIds): void {
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
  const tokens = [...special, ...letters.map((letter) => `\u2581${letter}`), ...letters];
  const metadata = new Map<string, Metadata>([
    ['general.architecture', { type: 'string', value: 'bert' }],
    ['general.name', { type: 'string', value: `tiny reader ${pooling}` }],
    ['bert.block_count', { type: 'u32', value: layerCount }],
    ['bert.context_length', { type: 'u32', value: contextLength }],
    ['bert.embedding_length', { type: 'u32', value: width }],
    ['bert.feed_forward_length', { type: 'u32', value: 2 * width }],
    ['bert.attention.head_count', { type: 'u32', value: 2 }],
    ['bert.attention.layer_norm_epsilon', { type: 'f32', value: 1e-6 }],
    ['bert.attention.causal', { type: 'bool', value: false }],
    ['bert.pooling_type', { type: 'u32', value: poolingIds[pooling] }],
    ['tokenizer.ggml.model', { type: 'string', value: 'bert' }],
    ['tokenizer.ggml.token_type_count', { type: 'u32', value: 2 }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'i32s', value: tokens.map((_, index) => (index < 5 ? 3 : 1)) }],
    ...['padding', 'unknown', 'cls', 'seperator', 'mask'].map((name, id): [string, Metadata] => [
      `tokenizer.ggml.${name}_token_id`,
      { type: 'u32', value: id },
    ]),
    ['tokenizer.ggml.bos_token_id', { type: 'u32', value: 2 }],
  ]);
  writeFileSync(path, encodeGguf(metadata, tensorsOf(tokens.length, pooling === 'rank')));
}

function tensorsOf(vocabularySize: number, ranks: boolean): Tensor[] {
  let state = 20_261_124;
  // Park-Miller.
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
  const tensor = (name: string, shape: readonly number[], value: () => number): Tensor => ({
    name,
    shape,
    values: new Float32Array(shape.reduce((product, size) => product * size, 1)).map(value),
  });
  const linear = (name: string, from: number, to: number): Tensor[] => [
    tensor(`${name}.weight`, [from, to], () => (2 / Math.sqrt(from)) * random()),
    tensor(`${name}.bias`, [to], () => 0.1 * random()),
  ];
  const norm = (name: string): Tensor[] => [
    tensor(`${name}.weight`, [width], () => 1),
    tensor(`${name}.bias`, [width], () => 0),
  ];
  const blocks = Array.from({ length: layerCount }, (_, index) => `blk.${index}`);
  return [
    tensor('token_embd.weight', [width, vocabularySize], random),
    tensor('position_embd.weight', [width, contextLength], random),
    tensor('token_types.weight', [width, 2], random),
    ...norm('token_embd_norm'),
    ...blocks.flatMap((block) => [
      ...linear(`${block}.attn_q`, width, width),
      ...linear(`${block}.attn_k`, width, width),
      ...linear(`${block}.attn_v`, width, width),
      ...linear(`${block}.attn_output`, width, width),
      ...norm(`${block}.attn_output_norm`),
      ...linear(`${block}.ffn_up`, width, 2 * width),
      ...linear(`${block}.ffn_down`, 2 * width, width),
      ...norm(`${block}.layer_output_norm`),
    ]),
    ...(ranks ? [...linear('cls', width, width), ...linear('cls.output', width, 1)] : []),
  ];
}
