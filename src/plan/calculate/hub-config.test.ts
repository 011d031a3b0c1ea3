import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kvBytes, kvBytesPerToken } from './attention.ts';
import { shapeOfHubConfig } from './hub-config.ts';
import { findModelShape } from './model-shape.ts';
import { shapeByName } from './weight-bytes.ts';

const llama = {
  model_type: 'llama',
  num_hidden_layers: 32,
  hidden_size: 4096,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  intermediate_size: 14_336,
  vocab_size: 128_256,
  max_position_embeddings: 131_072,
};

describe("a model's config.json", () => {
  it('tells grouped queries, and as many weights as the publisher says', () => {
    const shape = shapeOfHubConfig(llama, 'x');
    expect(kvBytesPerToken(shape.layers, 2)).toBe(131_072);
    expect(shape.parameterCount / 8.03e9).toBeCloseTo(1, 2);
    expect(shape.headLength).toBe(128);
  });

  it('tells multi-query, full attention, and one head of all', () => {
    const of = (kvHeads: number | undefined): number =>
      kvBytesPerToken(shapeOfHubConfig({ ...llama, num_key_value_heads: kvHeads }, 'x').layers, 2);
    expect(of(undefined)).toBe(of(32));
    expect(of(1) * 32).toBe(of(32));
  });

  it('tells windows: of Gemma 3 five of six layers, of Gemma 2 every other', () => {
    const gemma = { ...llama, sliding_window: 512 };
    const groups = (more: object) =>
      shapeOfHubConfig({ ...gemma, ...more }, 'x').layers.map(({ layerCount, cache }) => [
        layerCount,
        cache.kind === 'heads' ? cache.windowTokenCount : null,
      ]);
    expect(groups({ sliding_window_pattern: 6 })).toEqual([
      [5, null],
      [27, 512],
    ]);
    expect(groups({ model_type: 'gemma2' })).toEqual([
      [16, null],
      [16, 512],
    ]);
    expect(groups({ use_sliding_window: false })).toEqual([[32, null]]);
    expect(
      groups({
        layer_types: Array.from({ length: 32 }, (_, at) => (at % 2 ? 'sliding_attention' : 'full_attention')),
      }),
    ).toEqual([
      [16, null],
      [16, 512],
    ]);
    const short = shapeOfHubConfig({ ...gemma, sliding_window_pattern: 6 }, 'x').layers;
    expect(kvBytes(short, 10_000, 2)).toBe((5 * 10_000 + 27 * 512) * 8 * 256 * 2);
  });

  it('tells latent attention and experts: DeepSeek-V3', () => {
    const shape = shapeOfHubConfig(
      {
        ...{ model_type: 'deepseek_v3', num_hidden_layers: 61, hidden_size: 7168, num_attention_heads: 128 },
        ...{
          num_key_value_heads: 128,
          kv_lora_rank: 512,
          qk_rope_head_dim: 64,
          qk_nope_head_dim: 128,
          v_head_dim: 128,
        },
        ...{
          intermediate_size: 18_432,
          moe_intermediate_size: 2048,
          n_routed_experts: 256,
          n_shared_experts: 1,
        },
        ...{
          num_experts_per_tok: 8,
          first_k_dense_replace: 3,
          vocab_size: 129_280,
          max_position_embeddings: 163_840,
        },
      },
      'x',
    );
    const known = findModelShape('deepseek-v3');
    expect(kvBytesPerToken(shape.layers, 2)).toBe(kvBytesPerToken(known?.layers ?? [], 2));
    expect(shape.parameterCount / 671e9).toBeCloseTo(1, 1);
    expect(shape.activeParameterCount / 37e9).toBeCloseTo(1, 0);
  });

  it('reads the text part of a model with several', () => {
    expect(shapeOfHubConfig({ text_config: llama, vision_config: {} }, 'x').layers[0]?.layerCount).toBe(32);
  });

  it.each([
    [null, /config: expected an object/],
    [[], /config: expected an object/],
    [
      { ...llama, num_hidden_layers: -3 },
      /num_hidden_layers: expected a whole number from 0 to 1000, got -3/,
    ],
    [{ ...llama, num_hidden_layers: 0 }, /num_hidden_layers: expected at least 1, got 0/],
    [{ ...llama, hidden_size: 1e12 }, /hidden_size: expected a whole number from 0 to 1000000/],
    [{ ...llama, vocab_size: '128256' }, /vocab_size: expected a whole number .* got "128256"/],
    [
      { ...llama, num_attention_heads: undefined },
      /num_attention_heads: expected a number, and it is not there/,
    ],
    [{ ...llama, num_key_value_heads: 64 }, /num_key_value_heads: expected at most 32/],
    [
      { ...llama, sliding_window: 512, layer_types: ['full_attention'] },
      /layer_types: expected 32 entries, got 1/,
    ],
    [{ text_config: 3 }, /text_config: expected an object/],
  ])('refuses %j', (config, message) => {
    expect(() => shapeOfHubConfig(config, 'x')).toThrow(message);
  });

  it('gives a finite shape or a RangeError for any damage to it', () => {
    const keys = [
      ...Object.keys(llama),
      'sliding_window',
      'head_dim',
      'kv_lora_rank',
      'n_routed_experts',
      'layer_types',
      'text_config',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
        try {
          const shape = shapeOfHubConfig({ ...llama, [key]: value }, 'x');
          expect(Number.isFinite(shape.parameterCount)).toBe(true);
          expect(shape.parameterCount).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(kvBytesPerToken(shape.layers, 2))).toBe(true);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a size with a family', () => {
  it('is the nearest model of that family', () => {
    expect(shapeByName('70B').name).toBe('Llama 3.1 70B');
    expect(shapeByName('70B', 'qwen').name).toBe('Qwen2.5 72B');
    expect(shapeByName('qwen 7B').name).toBe('Qwen2.5 7B');
    expect(shapeByName('qwen 500M').name).toBe('Qwen2.5 0.5B');
  });

  it('is not guessed where there is none of about that size', () => {
    expect(() => shapeByName('gemma 70B')).toThrow(/of a family: phi, gemma/);
    expect(() => shapeByName('qwen')).toThrow(/model: expected/);
    expect(() => shapeByName('-7B')).toThrow(/model: expected/);
  });
});
